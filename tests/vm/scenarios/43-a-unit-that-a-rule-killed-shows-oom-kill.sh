#vm timeout=120
# systemd shows of a service that a rule killed that it was for memory, as it does of the kernel's; its neighbour runs on.
#
#   system.slice
#   ├── bed-guilty.service      MemoryMax 48M, grows      -> killed by the rule at 70 %: Result=oom-kill, kernel oom_kill 0
#   └── bed-innocent.service    MemoryMax 48M, 10 MB      -> active
reeve_fresh $'[rule units]\nMatch=/system.slice/bed-*.service\nWhen=unreclaimable > 70%\nThen=kill'
run="systemd-run --quiet -p MemoryMax=48M -p MemorySwapMax=0 -p OOMScoreAdjust=0"
before=$(vmstat oom_kill)
$run --unit=bed-innocent "$LOADS/hog" --quiet 10
$run -p RemainAfterExit=yes --unit=bed-guilty "$LOADS/hog" --quiet --rate 8 0
ended() { [[ $(systemctl show -P Result bed-guilty.service) != success ]]; }
wait_until 30 "the guilty unit has ended" ended
systemctl is-active --quiet bed-innocent.service || fail "the innocent unit is dead"
expect_equal "$(vmstat oom_kill)" "$before" "the kernel killed nobody"
killed() { records verdict | jq -e -s 'any(.[]; .action == "kill" and .outcome.result == "done" and .cgroup.path == "/system.slice/bed-guilty.service")'; }
wait_until 20 "the verdict is on record" killed
expect_equal "$(systemctl show -P Result bed-guilty.service)" oom-kill "what systemd says of it"
systemctl reset-failed bed-guilty.service
