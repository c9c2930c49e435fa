#vm slow timeout=150
# A rule ends the one that grows before the limit it shares is reached: the kernel kills nobody, the innocent and the protected
# live though they are larger, and the verdict is on record, with its numbers, explained.
#
#   bed/28            memory.max 128M; a rule: unreclaimable > 60 % -> kill, by growth
#   ├── guilty        grows 10 MB/s without end    -> killed by Reeve: verdict done, oom_kill 0
#   ├── innocent      24 MB, stays                 -> alive
#   ├── protected     40 MB, stays, Never=         -> alive, named as protected
#   └── empty         nobody                       -> no candidate
reeve_fresh $'[rule guard]\nMatch=/bed/28\nWhen=unreclaimable > 60%\nThen=notify\nThen=kill\nRank=growth size\nNever=/bed/28/protected\nSettleSec=5s'
top=$(cg 28/guilty)
top=${top%/guilty}
echo 128M >"$top/memory.max"
echo 0 >"$top/memory.swap.max"
guilty=$top/guilty innocent=$(cg 28/innocent) protected=$(cg 28/protected) empty=$(cg 28/empty)
spawn "$innocent" "$LOADS/hog" --quiet 24
innocent_pid=$PID
spawn "$protected" "$LOADS/hog" --quiet 40
protected_pid=$PID
full() { [[ $(<"$protected/memory.current") -gt 40000000 && $(<"$innocent/memory.current") -gt 24000000 ]]; }
wait_until 20 "both have their memory" full
spawn "$guilty" "$LOADS/hog" --quiet --rate 10 0
guilty_pid=$PID
wait_until 30 "the guilty one is dead" gone "$guilty_pid"
gone "$innocent_pid" && fail "the innocent one is dead"
gone "$protected_pid" && fail "the protected one is dead"
expect_equal "$(cg_event "$top" oom_kill)" 0 "the kernel killed nobody"

killed() { records verdict | jq -e -s 'any(.[]; .action == "kill")'; }
wait_until 20 "a verdict is on record" killed
verdict=$(records verdict | jq -c 'select(.action == "kill")')
expect_equal "$(wc -l <<<"$verdict")" 1 "one shortage, one kill"
expect "$verdict" ".rule == \"guard\" and .cgroup.path == \"/bed/28\" and .victim.id == $(cg_id "$guilty") and (.dry_run | not)" "who and where"
expect_equal "$(reevectl events --type verdict --cgroup /bed/28/guilty --json | jq -c 'select(.action == "kill")' | wc -l)" 1 "it is found by its victim"
expect "$verdict" '.outcome.result == "done" and .outcome.freed_bytes > 1000000 and .outcome.took_usec > 0 and .reason == "rule"' "how it went"
expect "$verdict" ".pids == [$guilty_pid]" "who died"
expect "$verdict" '.trigger[0] | .what == "unreclaimable" and .value > 0.6 and .threshold == 0.6' "the numbers"
expect "$verdict" '.candidates[0] | .rank == 1 and .cgroup.path == "/bed/28/guilty" and .score.growth > 1000000' "the ranking"
expect "$verdict" '.candidates[] | select(.cgroup.path == "/bed/28/protected") | .rank == null and (.protected_by | startswith("never"))' "who was protected"
expect "$verdict" '.candidates[] | select(.cgroup.path == "/bed/28/empty") | .protected_by == "empty"' "who was not there"
expect "$verdict" '.configuration.rule_at == "reeve.conf:1" and .incident != null' "by which rule"
expect "$(records verdict | head -n 1)" '.action == "notify" and .outcome.result == "done"' "it was told first"
expect_equal "$(jq -r .incident <<<"$verdict")" "$(records verdict | head -n 1 | jq -r .incident)" "one incident"
same_incident() { [[ $(reevectl kills --json | jq -r 'select(.killer == "reeve") | .incident') == "$(jq -r .incident <<<"$verdict")" ]]; }
[[ $(status .tier) != kprobe ]] || wait_until 20 "the kill bears the verdict's incident" same_incident
text=$(reevectl explain "$(jq -r .id <<<"$verdict")") || fail "explain fails: $text"
expect_text "$text" 'guard' "explain names the rule"
expect_text "$text" '/bed/28/guilty' "explain names the victim"
expect_text "$text" '/bed/28/protected' "explain names who was protected"
journal() { journalctl -b -u reeved.service -o cat --no-pager | grep -q 'Rule guard killed /bed/28/guilty'; }
wait_until 10 "the journal tells of it" journal
