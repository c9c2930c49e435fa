#vm slow timeout=150
# Who reads again and again what does not fit keeps the disk busy and never meets the OOM killer; the rule sees what comes back.
#
#   bed/61/guilty     memory.max 24M, reads 60 MB over and over      -> ended by the rule; the kernel kills nobody
#   bed/61/innocent   memory.max 24M, reads 8 MB over and over       -> alive: it fits
#   bed/61/once       memory.max 24M, reads 60 MB once, then sleeps  -> alive: nothing comes back
#                                                                       for long: 7.2 reads ahead so far that 117 MB come back
#                                                                       within the first second of reading 61
reeve_fresh $'[rule thrash]\nMatch=/bed/61/*\nWhen=refault over 3s > 1M for 10s\nThen=kill\nSettleSec=2s'
for size in 60 8 61; do head -c ${size}M /dev/urandom >/var/tmp/bed-61-$size; done
sync
echo 3 >/proc/sys/vm/drop_caches
for name in innocent once guilty; do cg 61/$name memory.max=24M memory.swap.max=0 >/dev/null; done
spawn "$BED/61/innocent" bash -c 'while :; do cat /var/tmp/bed-61-8 >/dev/null; done'
innocent=$PID
spawn "$BED/61/once" bash -c 'cat /var/tmp/bed-61-61 >/dev/null; sleep 1000'
once=$PID
read_once() { [[ $(cg_event "$BED/61/once" max) -gt 0 ]]; }
wait_until 30 "one has read its file" read_once
spawn "$BED/61/guilty" bash -c 'while :; do cat /var/tmp/bed-61-60 >/dev/null; done'
guilty=$PID
wait_until 40 "the guilty one is ended" gone "$guilty"
expect_equal "$(cg_event "$BED/61/guilty" oom_kill)" 0 "the kernel killed nobody"
gone "$innocent" && fail "the innocent one is dead"
gone "$once" && fail "who read once is dead"
killed() { records verdict | jq -e -s 'any(.[]; .action == "kill" and .outcome.result == "done")'; }
wait_until 20 "the verdict is on record" killed
verdicts=$(records verdict | jq -c 'select(.action == "kill")')
expect_equal "$(wc -l <<<"$verdicts")" 1 "one kill"
expect "$verdicts" '.cgroup.path == "/bed/61/guilty" and .trigger[0].what == "refault" and .trigger[0].value > 1000000' "who and why"
rm -f /var/tmp/bed-61-*
