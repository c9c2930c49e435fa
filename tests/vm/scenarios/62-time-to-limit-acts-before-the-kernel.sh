#vm slow timeout=150
# A rule on the time that is left acts while there is some, on who grows steadily, and not on who took a leap and stays.
#
#   bed/62            memory.max 192M, no swap; a rule: time_to_limit < 6s -> kill, by growth
#   ├── guilty        grows 10 MB/s without end    -> ended while a part of the limit is left; oom_kill 0
#   └── innocent      48 MB at one go, stays       -> alive
#   bed/62-leap       memory.max 64M: 40 MB at one go, stays         -> nothing, alive
reeve_fresh $'[rule ahead]\nMatch=/bed/62 /bed/62-leap\nWhen=time_to_limit < 6s\nThen=kill\nRank=growth size\nSettleSec=3s'
top=$(cg 62 memory.max=192M memory.swap.max=0)
innocent=$(cg 62/innocent) guilty=$(cg 62/guilty)
leap=$(cg 62-leap memory.max=64M memory.swap.max=0)
sleep 3
spawn "$leap" "$LOADS/hog" --quiet 40
leap_pid=$PID
spawn "$innocent" "$LOADS/hog" --quiet 48
innocent_pid=$PID
full() { [[ $(<"$innocent/memory.current") -gt 48000000 && $(<"$leap/memory.current") -gt 40000000 ]]; }
wait_until 20 "both have their memory" full
# Ten seconds are looked at: the leaps shall be past.
sleep 11
gone "$leap_pid" && fail "who took a leap is dead"
gone "$innocent_pid" && fail "the innocent one is dead before anybody grew"
spawn "$guilty" "$LOADS/hog" --quiet --rate 10 0
guilty_pid=$PID
wait_until 30 "the guilty one is ended" gone "$guilty_pid"
expect_equal "$(cg_event "$top" oom_kill)" 0 "the kernel killed nobody"
expect_equal "$(cg_event "$top" oom)" 0 "it did not even come to an OOM"
gone "$leap_pid" && fail "who took a leap is dead"
gone "$innocent_pid" && fail "the innocent one is dead"
killed() { records verdict | jq -e -s 'any(.[]; .action == "kill" and .outcome.result == "done")'; }
wait_until 20 "the verdict is on record" killed
verdicts=$(records verdict | jq -c 'select(.action == "kill")')
expect_equal "$(wc -l <<<"$verdicts")" 1 "one kill"
# Under 6 s at the first look; the second, which is at once and asks again, may see a little more (6.015 s on 6.12).
expect "$verdicts" '.cgroup.path == "/bed/62" and .victim.path == "/bed/62/guilty" and .trigger[0].what == "time_to_limit" and .trigger[0].threshold == 6000000 and .trigger[0].value < 6600000' "who and why"
