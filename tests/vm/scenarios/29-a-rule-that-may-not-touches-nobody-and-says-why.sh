#vm timeout=150
# A rule in dry run, one all of whose candidates are protected, one whose KillLimit is reached and one that asks for a limit that is
# not Reeve's to write: nobody is touched, each says why once, and why-not repeats it. Then the kernel kills, in the same incident.
#
#   bed/29            memory.max 96M
#   └── hog           70 MB, stays      -> alive throughout
all=$(cg 29/hog)
top=${all%/hog}
echo 96M >"$top/memory.max"
echo 0 >"$top/memory.swap.max"
echo 90M >"$top/memory.high"
rule=$'[rule guard]\nMatch=/bed/29\nWhen=unreclaimable > 50%\nSettleSec=1s\n'
reeve_fresh "$rule"$'Then=kill\nDryRun=yes'
spawn "$all" "$LOADS/hog" --quiet 70
hog=$PID
told() { [[ $(records verdict | jq -c "select($1)" | wc -l) -ge 1 ]]; }

wait_until 20 "the dry run is told" told '.dry_run and .action == "kill"'
expect "$(records verdict | head -n 1)" '.outcome == null and (.text | contains("dry run")) and .victim.path == "/bed/29/hog"' "nothing was done"

configure "$rule"$'Then=relax\nThen=kill\nNever=/bed/29/hog'
wait_until 20 "what is not Reeve's to write is refused" told '.outcome.result == "refused" and .action == "relax"'
wait_until 20 "all are protected" told '.action == "none" and .reason == "protected"'
expect_text "$(reevectl why-not /bed/29/hog)" 'protected' "why-not says what held it back"
expect "$(reevectl why-not /bed/29/hog --json)" '.rules[0].rule == "guard" and .rules[0].protected_by == "never"' "and by which glob"

configure $'[reeve]\nMode=watch\n'"$rule"$'Then=kill'
bait=$(cg 29/bait)
spawn "$bait" "$LOADS/hog" --quiet 12
bait_pid=$PID
configure $'[reeve]\nKillLimit=1 per 1h\n'"$rule"$'Then=term 1s\nNever=/bed/29/hog'
wait_until 20 "the bait ends by SIGTERM" gone "$bait_pid"
# Another one: where the machine is slow the first died of the SIGKILL behind it, and has a record of its own.
bait=$(cg 29/second)
spawn "$bait" "$LOADS/hog" --quiet 12
bait_pid=$PID
wait_until 30 "the limit of kills is told" told '.action == "none" and .reason == "kill_limit"'
gone "$bait_pid" && fail "it was killed past KillLimit="
gone "$hog" && fail "the hog is dead"
expect_equal "$(cg_event "$top" oom_kill)" 0 "the kernel killed nobody"
expect_equal "$(records verdict | jq -c 'select(.action == "none" and .reason == "kill_limit")' | wc -l)" 1 "it is said once"

# What the kernel kills while the shortage lasts belongs to it.
configure "$rule"$'Then=notify'
wait_until 20 "the shortage is told" told '.action == "notify"'
echo 4M >"$bait/memory.max"
expect_kill "$(cg_id "$bait")"
expect "$RECORD" ".killer == \"kernel\" and .victims[0].pid == $bait_pid" "the kernel killed the bait"
expect_equal "$(jq -r .incident <<<"$RECORD")" "$(records verdict | jq -r 'select(.action == "notify") | .incident' | tail -n 1)" "one incident"
# It was the shell that wrote the limit below what was used, and it lies elsewhere.
[[ $(status .tier) != kprobe ]] ||
        expect_later "$(cg_id "$bait")" ".invoker.tgid == $BASHPID and .invoker.cgroup.path == \"$(cut -d : -f 3- /proc/self/cgroup)\" and .invoker.cgroup.id > 0" "who asked, and where"
