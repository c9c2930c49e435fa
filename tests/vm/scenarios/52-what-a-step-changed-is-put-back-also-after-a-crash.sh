#vm timeout=240 slow
# A throttle, a freeze and a raise are undone when their incident is over, when reeved stops, and by the next reeved after a
# SIGKILL between step and undoing, though that one only watches. The neighbour is never touched. Where a limit would not be Reeve's
# to write, that is said at load.
#
#   bed/52
#   ├── guilty        64M: 45 MB       -> memory.high below it, then max again
#   ├── still         64M: 45 MB       -> frozen, then not
#   └── innocent      64M: 10 MB       -> as it was
#   system.slice/bed-raised.service   MemoryMax 64M, 45 MB     -> 96M, then 64M again, without a drop-in
rules=$'[rule t]\nMatch=/bed/52/guilty /bed/52/innocent\nOwn=adopt\nWhen=unreclaimable > 60%\nThen=throttle 80%\nSettleSec=1s
[rule f]\nMatch=/bed/52/still /bed/52/innocent\nWhen=unreclaimable > 60%\nThen=freeze 30s\nSettleSec=1s
[rule r]\nMatch=/system.slice/bed-raised.service\nWhen=unreclaimable > 60%\nThen=raise 50% up to 96M\nSettleSec=1s\n'
cg 52/innocent memory.max=64M memory.swap.max=0 >/dev/null
reeve_fresh $'[rule t]\nMatch=/bed/52/innocent\nWhen=unreclaimable > 60%\nThen=throttle 80%'
told() { [[ -n $(records limit | jq -c 'select(.cgroup.path == "/bed/52/innocent" and .outcome.result == "refused" and .reason == "not_owned")') ]]; }
wait_until 20 "what would be refused is said at load" told
configure "$rules"
for name in guilty still; do cg 52/$name memory.max=64M memory.swap.max=0 >/dev/null; done
value() { cat "$BED/52/$1"; }
is() { [[ $(value "$1") == "$2" ]]; }
isnt() { [[ $(value "$1") != "$2" ]]; }
raised() { [[ $(systemctl show -P MemoryMax bed-raised.service) == "$1" ]]; }
systemd-run --quiet -p MemoryMax=64M -p MemorySwapMax=0 --unit=bed-raised "$LOADS/hog" --quiet 45
spawn "$BED/52/innocent" "$LOADS/hog" --quiet 10
spawn "$BED/52/guilty" "$LOADS/hog" --quiet 45
guilty=$PID
spawn "$BED/52/still" "$LOADS/hog" --quiet 45
wait_until 20 "the guilty one is throttled" isnt guilty/memory.high max
wait_until 20 "the still one is frozen" is still/cgroup.freeze 1
wait_until 20 "the unit's limit is raised" raised 100663296
[[ $(value guilty/memory.high) -lt 45000000 ]] || fail "memory.high is $(value guilty/memory.high)"
expect_equal "$(value innocent/memory.high) $(value innocent/cgroup.freeze)" "max 0" "the innocent one"

printf '[reeve]\nMode=watch\n%s\n' "$rules" >/etc/reeve/reeve.conf
reeve_crash
wait_until 20 "the throttle is undone after the crash" is guilty/memory.high max
wait_until 20 "the freeze is undone after the crash" is still/cgroup.freeze 0
wait_until 20 "the raise is undone after the crash" raised 67108864
expect_equal "$(find /run/systemd/system.control -name '*Memory*' 2>/dev/null | grep -c bed-raised)" 0 "drop-ins that are left"
undone() { [[ -n $(records limit | jq -c 'select(.reason == "incident_over" and .cgroup.path == "/bed/52/guilty")') ]]; }
wait_until 20 "it is on record" undone
# Step and undoing, before the crash and after it, bear the verdict's incident.
same_incident() { # PATH
        local verdict
        verdict=$(records verdict | jq -r --arg p "$1" 'select((.victim // .cgroup).path == $p and .outcome.result == "done") | .incident')
        expect "$(records limit | jq -c --arg p "$1" 'select(.cgroup.path == $p and (.reason == "rule" or .reason == "incident_over"))')" \
                ".incident == \"$verdict\"" "limit records of $1"
}
same_incident /bed/52/guilty
same_incident /system.slice/bed-raised.service
systemctl stop bed-raised.service
gone "$guilty" && fail "the guilty one is dead"

configure "$rules"
wait_until 20 "the guilty one is throttled again" isnt guilty/memory.high max
kill -9 "$guilty"
wait_until 20 "the throttle is undone as the incident is over" is guilty/memory.high max
wait_until 20 "the still one is frozen again" is still/cgroup.freeze 1
done_each() { [[ $(records verdict | jq -r 'select(.outcome.result == "done") | .action' | sort -u | paste -sd' ') == "freeze raise throttle" ]]; }
wait_until 20 "the verdicts are on record" done_each
systemctl stop reeved.service reeved.socket
expect_equal "$(value still/cgroup.freeze) $(value guilty/memory.high) $(value innocent/memory.high)" "0 max max" "after a stop"
