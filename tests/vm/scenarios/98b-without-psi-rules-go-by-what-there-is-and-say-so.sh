#vm slow append=psi=0 own-boot timeout=120
# Without PSI a condition on pressure never holds, and why-not says that it cannot be read; a rule on what can be read acts as ever.
# Where the cgroupfs is read-only a rule's kill fails and is told, and reeved lives on.
#
#   bed/98b/stalled    memory.high 8M, no swap, grows; a rule on memory.full and one on livelock   -> alive
#   bed/98b/guilty     memory.max 64M, 50 MB; a rule on unreclaimable                              -> killed
#   bed/98b/innocent   memory.max 64M, 10 MB; the same rule                                        -> alive
#   bed/98b/sealed     memory.max 64M, 50 MB; that rule, of a reeved without a writable cgroupfs   -> alive
[[ ! -e /proc/pressure/memory ]] || ! cat /proc/pressure/memory >/dev/null 2>&1 || fail "this boot has PSI: the scenario proves nothing"
reeve_fresh $'[rule stalled]\nMatch=/bed/98b/stalled\nWhen=memory.full > 10%\nThen=kill
[rule stuck]\nMatch=/bed/98b/stalled\nWhen=livelock for 1s\nThen=kill
[rule size]\nMatch=/bed/98b/guilty /bed/98b/innocent\nWhen=unreclaimable > 70%\nThen=kill'
cg 98b/stalled memory.high=8M memory.swap.max=0 >/dev/null
for name in guilty innocent sealed; do cg 98b/$name memory.max=64M memory.swap.max=0 >/dev/null; done
spawn "$BED/98b/stalled" "$LOADS/hog" --quiet 0
stalled=$PID
spawn "$BED/98b/innocent" "$LOADS/hog" --quiet 10
innocent=$PID
spawn "$BED/98b/guilty" "$LOADS/hog" --quiet 50
guilty=$PID
spawn "$BED/98b/sealed" "$LOADS/hog" --quiet 50
sealed=$PID
wait_until 30 "the guilty one is killed" gone "$guilty"
met() { [[ $(cg_event "$BED/98b/stalled" high) -gt 5 ]]; }
wait_until 20 "the stalled one meets its memory.high" met
sleep 2
gone "$stalled" && fail "the stalled one was killed by a guess"
gone "$innocent" && fail "the innocent one is dead"
expect_text "$(reevectl why-not /bed/98b/stalled)" 'memory.full (is )?(not known|unknown|cannot be read)' "why-not says that the pressure is not known"

systemctl stop reeved.service reeved.socket
mkdir -p /tmp/bed-ro/{conf,state,run}
printf '[rule size]\nMatch=/bed/98b/sealed\nWhen=unreclaimable > 70%%\nThen=kill\nSettleSec=1s\n' >/tmp/bed-ro/conf/reeve.conf
unshare --mount bash -c 'mount -o remount,ro,bind /sys/fs/cgroup && exec timeout 15 reeved --source log --config /tmp/bed-ro/conf --state-directory /tmp/bed-ro/state --runtime-directory /tmp/bed-ro/run' >/tmp/bed-ro/log 2>&1 &
failed() { reevectl --socket /tmp/bed-ro/run/reeve.sock events --type verdict --json | jq -e -s 'any(.[]; .action == "kill" and .outcome.result == "failed" and (.outcome.error | test("[Rr]ead-only")))'; }
wait_until 10 "that its kill failed is told" failed
kill -0 $! || fail "reeved did not outlive it: $(tail -n 3 /tmp/bed-ro/log)"
gone "$sealed" && fail "the one in a read-only cgroupfs is dead"
kill $!
wait
