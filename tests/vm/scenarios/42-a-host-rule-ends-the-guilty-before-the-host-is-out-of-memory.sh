#vm slow memory=400M own-boot timeout=150
# A rule on the host: as its memory runs out the one that grows is ended, and the kernel need not kill.
#
#   bed/42            no limit
#   ├── guilty        grows 20 MB/s without end     -> ended by the rule, oom_kill 0
#   └── innocent      60 MB, stays                  -> alive
reeve_fresh $'[rule host]\nMatch=/\nCandidates=/bed/42/*\nWhen=host.available < 20%\nThen=kill\nRank=growth size\nSettleSec=5s'
guilty=$(cg 42/guilty) innocent=$(cg 42/innocent)
before=$(vmstat oom_kill)
spawn "$innocent" "$LOADS/hog" --quiet 60
innocent_pid=$PID
full() { [[ $(<"$innocent/memory.current") -gt 60000000 ]]; }
wait_until 20 "the innocent one has its memory" full
spawn "$guilty" "$LOADS/hog" --quiet --rate 20 0
guilty_pid=$PID
wait_until 60 "the guilty one is dead" gone "$guilty_pid"
gone "$innocent_pid" && fail "the innocent one is dead"
expect_equal "$(vmstat oom_kill)" "$before" "the kernel killed nobody"
killed() { records verdict | jq -e -s 'any(.[]; .action == "kill" and .outcome.result == "done")'; }
wait_until 20 "the verdict is on record" killed
expect "$(records verdict | jq -c 'select(.action == "kill")' | head -n 1)" \
        '.cgroup.path == "/" and .victim.path == "/bed/42/guilty" and .trigger[0].what == "host.available"' "who, and why"
