#vm timeout=200 slow
# With Victim=process a rule ends one process of the chosen cgroup, whom the kernel would take, and the others there live on. A
# name in Prefer= comes first. First all of it in a dry run, which names him and touches nobody. All was captured with those who
# could be chosen: replay chooses the same, byte for byte, and by another name in Prefer= not.
#
#   bed/51
#   ├── a             64M: main 8 MB; hog 45 MB that ignores SIGTERM      -> hog killed, main alive
#   ├── b             64M: main 30 MB; spare-1 20 MB                      -> spare-1 ended by SIGTERM, main alive
#   └── innocent      64M: 10 MB                                          -> alive
rule=$'[rule one]\nMatch=/bed/51/*\nWhen=unreclaimable > 70%\nVictim=process\nPrefer=comm:spare*\nSettleSec=1s\n'
reeve_fresh "$rule"$'Then=kill\nDryRun=yes'
work=$(mktemp -d)
reevectl capture "$work/run" 2>"$work/said" &
capturing=$!
captured() { [[ -s $work/run ]] && grep -q "$1" "$work/run"; }
wait_until 20 "looks are captured" captured '^[rz]'
for name in a b innocent; do cg 51/$name memory.max=64M memory.swap.max=0 >/dev/null; done
spawn "$BED/51/innocent" "$LOADS/hog" --quiet 10
innocent=$PID
spawn "$BED/51/a" "$LOADS/hog" --quiet --comm main 8
main_a=$PID
spawn "$BED/51/a" bash -c "trap '' TERM; exec $LOADS/hog --quiet 45"
hog=$PID
spawn "$BED/51/b" "$LOADS/hog" --quiet --comm main 30
main_b=$PID
spawn "$BED/51/b" "$LOADS/hog" --quiet --comm spare-1 20
spare=$PID
said() { [[ -n $(records verdict | jq -c "select($1)") ]]; }
wait_until 20 "the dry run names the hog" said ".dry_run and .victim.path == \"/bed/51/a\" and .victim.process.pid == $hog"
wait_until 20 "the dry run names the spare one" said ".dry_run and .victim.process.comm == \"spare-1\""
for pid in $hog $spare; do gone "$pid" && fail "the dry run ended one"; done
configure "$rule"$'Then=term 1s\nThen=kill'
wait_until 30 "the hog is dead" gone "$hog"
wait_until 30 "the spare one is dead" gone "$spare"
wait_until 20 "the kill is on record" said ".action == \"kill\" and .outcome.result == \"done\" and .victim.process.pid == $hog and .pids == [$hog]"
wait_until 20 "the other's end is on record" said ".action == \"term\" and .outcome.result == \"done\" and .victim.process.pid == $spare"
expect "$(records verdict | jq -c "select(.action == \"kill\" and .outcome != null)" | head -n 1)" \
        ".candidates[-1].process.pid == $main_a and .candidates[-1].rank == 2 and .outcome.freed_bytes > 30000000" "the other candidate, and what was freed"
for pid in $main_a $main_b $innocent; do gone "$pid" && fail "an innocent one is dead"; done
expect_equal "$(cg_event "$BED/51/a" oom_kill)$(cg_event "$BED/51/b" oom_kill)" 00 "the kernel killed nobody"
expect_text "$(reevectl explain "$(records verdict | jq -r 'select(.action == "kill" and .outcome != null) | .id' | head -n 1)")" \
        "killed hog \(pid $hog\) in /bed/51/a" "what explain says"
wait_until 20 "what came of it is captured" captured '^o .* done 1 '
kill -INT $capturing
wait $capturing || fail "capture fails: $(<"$work/said")"
replayed=$(reevectl replay "$work/run" --json --against | jq -c 'select(.type == "verdict")')
expect "$replayed" '.replay == "same" and .exact' "replay decides as was decided"
made='{rule, cgroup, action, dry_run, reason, victim, trigger, candidates, processes_count, time}'
expect_equal "$(jq -cS "$made" <<<"$replayed")" "$(records verdict | jq -cS "$made")" "of the same processes"
printf '%s' "${rule/spare/main}"$'Then=term 1s\nThen=kill' >"$work/other.conf"
other=$(reevectl replay "$work/run" --policies "$work/other.conf" --json --against | jq -sc .)
expect "$other" "[.[] | select(.replay == \"missing\" and (.dry_run | not)) | .victim.process.pid] | index($hog) != null and index($spare) != null" "by another name: not they"
rm -r "$work"
/reeve/unit/test-hand || fail "test-hand"
