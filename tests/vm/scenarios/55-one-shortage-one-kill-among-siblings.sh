#vm timeout=200 slow memory=768M
# Siblings matched each by itself under one full parent take turns; a cgroup that root marked user.oomd_omit is not chosen; after a
# kill that did not help StepUp= takes the parent of the next victim, and no more.
#
#   bed/55            memory.max 106M, full
#   ├── a             50 MB        -> one of the two is killed,
#   └── b             50 MB        -> the other 3 s (SettleSec=) later
#   bed/55m           memory.max 96M
#   ├── omitted       40 MB, user.oomd_omit     -> alive
#   └── guilty        20 MB        -> killed
#   bed/55s           memory.max 128M
#   ├── pod/x, y, z   20, 18, 16 MB    -> x killed, which is not enough, then pod as a whole
#   └── innocent      14 MB        -> alive
set_mark() { python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.oomd_omit", b"1")' "$1"; }
reeve_fresh $'[rule each]\nMatch=/bed/55/*\nWhen=unreclaimable > 40% for 2s\nThen=kill\nSettleSec=3s
[rule marks]\nMatch=/bed/55m\nWhen=unreclaimable > 50%\nThen=kill\nSettleSec=1s
[rule up]\nMatch=/bed/55s\nWhen=unreclaimable > 30%\nThen=kill\nStepUp=1\nSettleSec=1s'
for name in 55/a 55/b 55m/omitted 55m/guilty 55s/pod/x 55s/pod/y 55s/pod/z 55s/innocent; do cg "$name" >/dev/null; done
limit() { echo 0 >"$BED/$1/memory.swap.max"; echo "$2" >"$BED/$1/memory.max"; }
limit 55 106M; limit 55m 96M; limit 55s 128M
set_mark "$BED/55m/omitted" || skip "no extended attributes of users on this cgroup2"
said() { [[ -n $(records verdict | jq -c "select(.action == \"kill\" and .outcome.result == \"done\") | select($1)") ]]; }

spawn "$BED/55/a" "$LOADS/hog" --quiet 50
a=$PID
spawn "$BED/55/b" "$LOADS/hog" --quiet 50
b=$PID
both_gone() { gone "$a" && gone "$b"; }
wait_until 30 "both have had their turn" both_gone
both_said() { said '.cgroup.path == "/bed/55/a"' && said '.cgroup.path == "/bed/55/b"'; }
wait_until 20 "both are on record" both_said
apart=$(records verdict | jq -s '[.[] | select(.rule == "each" and .action == "kill") | .boottime_usec] | .[1] - .[0]')
[[ $apart -ge 2900000 ]] || fail "the second was killed $apart us after the first"

spawn "$BED/55m/omitted" "$LOADS/hog" --quiet 40
omitted=$PID
spawn "$BED/55m/guilty" "$LOADS/hog" --quiet 20
guilty=$PID
wait_until 30 "the guilty one is dead" gone "$guilty"
wait_until 20 "it is on record" said '.cgroup.path == "/bed/55m"'
expect "$(records verdict | jq -c 'select(.rule == "marks" and .action == "kill")' | head -n 1)" \
        '.candidates[] | select(.cgroup.path == "/bed/55m/omitted") | .protected_by == "omit"' "why not the larger one"

spawn "$BED/55s/innocent" "$LOADS/hog" --quiet 14
innocent=$PID
spawn "$BED/55s/pod/x" "$LOADS/hog" --quiet 20
x=$PID
# Below the threshold, both, and x the larger: who grows next to whom is the machine's to say.
has() { [[ $(<"$BED/$1/memory.current") -ge $(($2 << 20)) ]]; }
wait_until 20 "the innocent one has its memory" has 55s/innocent 14
wait_until 20 "x has its memory" has 55s/pod/x 20
spawn "$BED/55s/pod/y" "$LOADS/hog" --quiet 18
y=$PID
spawn "$BED/55s/pod/z" "$LOADS/hog" --quiet 16
z=$PID
pod_gone() { gone "$x" && gone "$y" && gone "$z"; }
wait_until 30 "the whole of pod is dead" pod_gone
wait_until 20 "it is on record as one" said '.victim.path == "/bed/55s/pod" and (.pids | length) == 2'
for pid in $omitted $innocent; do gone "$pid" && fail "an innocent one is dead"; done
expect_equal "$(cg_event "$BED/55" oom_kill)$(cg_event "$BED/55m" oom_kill)$(cg_event "$BED/55s" oom_kill)" 000 "the kernel killed nobody"
