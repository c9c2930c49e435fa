#vm slow timeout=150
# At memory.high without swap a cgroup that wants more is neither killed nor let go: its tasks sleep two seconds for every few
# pages, for hours. The rule tells this from a reader of files that is throttled too but whose memory can be reclaimed.
#
#   bed/60/guilty     memory.high 24M, no swap, grows without end    -> ended by the rule; the kernel kills nobody
#   bed/60/reader     memory.high 16M, reads a 40 MB file for ever   -> over its high all the time, alive
#   bed/60/innocent   memory.high 24M, 12 MB, stays                  -> alive
reeve_fresh $'[rule stuck]\nMatch=/bed/60/*\nWhen=livelock for 1s\nThen=kill\nSettleSec=2s'
head -c 40M /dev/urandom >/var/tmp/bed-60
# Whoever reads it shall be charged for it.
sync
echo 3 >/proc/sys/vm/drop_caches
innocent=$(cg 60/innocent memory.high=24M memory.swap.max=0)
reader=$(cg 60/reader memory.high=16M memory.swap.max=0)
guilty=$(cg 60/guilty memory.high=24M memory.swap.max=0)
spawn "$innocent" "$LOADS/hog" --quiet 12
innocent_pid=$PID
spawn "$reader" bash -c 'while :; do cat /var/tmp/bed-60 >/dev/null; done'
reader_pid=$PID
over() { [[ $(cg_event "$reader" high) -gt 10 ]]; }
wait_until 20 "the reader meets its memory.high" over
spawn "$guilty" "$LOADS/hog" --quiet 0
guilty_pid=$PID
wait_until 40 "the guilty one is ended" gone "$guilty_pid"
expect_equal "$(cg_event "$guilty" oom_kill)" 0 "the kernel killed nobody"
[[ $(cg_event "$guilty" high) -gt 0 ]] || fail "the guilty one never met its memory.high"
gone "$innocent_pid" && fail "the innocent one is dead"
gone "$reader_pid" && fail "the reader is dead"
killed() { records verdict | jq -e -s 'any(.[]; .action == "kill" and .outcome.result == "done")'; }
wait_until 20 "the verdict is on record" killed
verdicts=$(records verdict | jq -c 'select(.action == "kill")')
expect_equal "$(wc -l <<<"$verdicts")" 1 "one kill"
expect "$verdicts" '.cgroup.path == "/bed/60/guilty" and .trigger[0].what == "livelock" and .outcome.freed_bytes > 16000000' "who, why, and what it gave back"
rm -f /var/tmp/bed-60
