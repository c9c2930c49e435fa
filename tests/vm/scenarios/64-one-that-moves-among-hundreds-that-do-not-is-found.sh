#vm slow timeout=150
# A rule matches three hundred cgroups in which nothing moves: they are not read, their ancestor is, seldom. When one of them begins
# to thrash it is found and ended, and none of the others is touched.
#
#   bed/64/idle-N     300 of them, each with a process that sleeps   -> alive, and not read
#   bed/64/guilty     memory.max 24M, reads 60 MB over and over      -> ended by the rule
switches() { cat "/proc/$(reeve_pid)/task"/*/status | awk '/_ctxt_switches/ { n += $2 } END { print n }'; }
head -c 60M /dev/urandom >/var/tmp/bed-64
sync
echo 3 >/proc/sys/vm/drop_caches
cg 64/guilty memory.max=24M memory.swap.max=0 >/dev/null
for n in {1..300}; do mkdir "$BED/64/idle-$n"; done
for n in {1..10}; do spawn "$BED/64/idle-$n" sleep 1000; done
idle=$PID
reeve_fresh $'[rule thrash]\nMatch=/bed/64/*\nWhen=refault over 3s > 1M for 1s\nThen=kill\nSettleSec=2s'
matched() { [[ $(reevectl status --counters --json | jq .rule_matches) == 301 ]]; }
wait_until 20 "all are matched" matched
# A round every two seconds, of a few threads: reading each of them would be hundreds of times as many.
quiet() {
        local before
        before=$(switches)
        sleep 4
        [[ $(($(switches) - before)) -lt 60 ]]
}
wait_until 20 "reeved is quiet" quiet
expect_text "$(reevectl why-not /bed/64/idle-7)" 'conditions do not hold' "why-not of one that sleeps"
spawn "$BED/64/guilty" bash -c 'while :; do cat /var/tmp/bed-64 >/dev/null; done'
guilty=$PID
wait_until 40 "the guilty one is ended" gone "$guilty"
gone "$idle" && fail "an idle one is dead"
killed() { records verdict | jq -e -s 'any(.[]; .action == "kill" and .outcome.result == "done")'; }
wait_until 20 "the verdict is on record" killed
expect_equal "$(records verdict | jq -r 'select(.action == "kill") | .cgroup.path')" /bed/64/guilty "who, and only he"
rm -f /var/tmp/bed-64
