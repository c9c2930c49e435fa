#vm slow memory=400M timeout=200
# Of a hundred cgroups in which nothing moves and that a rule on stalls matches the kernel tells: nobody looks. One of them begins to
# stall, of which memory.events say nothing: it is found and ended, the others are not touched. Where the kernel has no triggers for
# it (5.10) a timer looks on.
#
#   bed/82/idle-N     100 of them, 3 with a process that sleeps          -> no wakeup in 8 s, alive
#   bed/82/guilty     then nearly all of the host, and a reader of a file four times the rest   -> ended
switches() { cat "/proc/$(reeve_pid)/task"/*/status | awk '/_ctxt_switches/ { n += $2 } END { print n }'; }
guilty=$(cg 82/guilty memory.swap.max=0)
for n in {1..100}; do mkdir "$BED/82/idle-$n"; done
for n in {1..3}; do spawn "$BED/82/idle-$n" sleep 1000; done
idle=$PID
kthreads() { pgrep -c psimon; }
before=$(kthreads)
reeve_fresh $'[rule stall]\nMatch=/bed/82/*\nWhen=memory.some over 2s > 5%\nThen=kill\nSettleSec=1s'
if kernel_at_least 6.1; then most=4; else most=300; fi
woken() {
        local a
        a=$(switches)
        sleep 8
        woken=$(($(switches) - a))
        [[ $woken -le $most ]]
}
wait_until 30 "nobody wakes for them" woken
counters=$(reevectl status --counters --json)
note "in 8 s: $woken context switches; $(jq .pressure_triggers <<<"$counters") triggers, $(kthreads) psimon threads"
expect "$counters" '.rule_matches == 101' "what is matched"
expect_equal "$(kthreads)" "$before" "threads of the kernel's for triggers"
head -c 120M /dev/urandom >/var/tmp/82-file
spawn "$guilty" "$LOADS/hog" --quiet $(($(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo) - 30))
spawn "$guilty" bash -c 'while :; do cat /var/tmp/82-file >/dev/null; done'
note "$(cat "$guilty/memory.pressure")"
wait_until 40 "the guilty one is ended" gone "$PID"
expect_equal "$(cg_event "$guilty" high)$(cg_event "$guilty" max)" 00 "events of the guilty one"
gone "$idle" && fail "an idle one is dead"
killed() { records verdict | jq -e -s 'any(.[]; .action == "kill" and .outcome.result == "done")'; }
wait_until 20 "the verdict is on record" killed
expect_equal "$(records verdict | jq -r 'select(.action == "kill") | .cgroup.path' | grep -vc /guilty)" 0 "others"
