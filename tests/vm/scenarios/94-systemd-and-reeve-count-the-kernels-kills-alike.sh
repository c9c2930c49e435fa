#vm slow timeout=200
# OOMPolicy=: what the kernel kills in a service that goes on is a record for each; what it kills with memory.oom.group is one record
# with all its processes; what it kills in a delegated cgroup below, at a limit there, is not laid upon the service above.
#
#   bed-continue.service   MemoryMax 20M, OOMPolicy=continue, dd of 200 MB twice    -> Result=signal, two records of one victim
#   bed-kill.service       MemoryMax 20M, OOMPolicy=kill, the same                  -> Result=oom-kill, one record, all processes
#   bed-nested.service     Delegate=yes, its sub: memory.max 20M, oom.group, dd     -> one record, of sub; the service runs on
#   bed-chill.service      MemoryMax 20M, sleeps                                    -> active, no record
reeve_fresh
run() { systemd-run --quiet -p MemorySwapMax=0 -p OOMScoreAdjust=0 -p KillSignal=SIGKILL "$@" || fail "systemd-run $*"; }
dd='dd if=/dev/zero of=/dev/null bs=200M count=1 status=none'
run --unit=bed-chill -p MemoryMax=20M sleep infinity
run --unit=bed-continue -p MemoryMax=20M -p RemainAfterExit=yes -p OOMPolicy=continue bash -c "$dd; exec $dd"
run --unit=bed-kill -p MemoryMax=20M -p RemainAfterExit=yes -p OOMPolicy=kill bash -c "sleep infinity & $dd; exec $dd"
# In a file: systemd-run would take $$ for a variable of its own.
cat >/run/bed-nested <<END
cd /sys/fs/cgroup/system.slice/bed-nested.service && mkdir main sub && echo \$\$ >main/cgroup.procs && echo +memory >cgroup.subtree_control || exit 1
echo 20M >sub/memory.max && echo 0 >sub/memory.swap.max && echo 1 >sub/memory.oom.group || exit 1
bash -c 'echo \$\$ >sub/cgroup.procs; sleep infinity & $dd'
exec sleep infinity
END
run --unit=bed-nested -p Delegate=yes -p OOMPolicy=continue bash /run/bed-nested
of() { reevectl kills --json | jq -c --arg path "/system.slice/bed-$1.service" 'select((.cgroup.path // "") | startswith($path))'; }
result() { systemctl show -P Result "bed-$1.service"; }
all() { [[ $(of continue | wc -l) == 2 && -n $(of kill) && -n $(of nested) && $(result continue) != success && $(result kill) != success ]]; }
wait_until 40 "all are on record" all
settle
expect_equal "$(result continue) $(result kill)" "signal oom-kill" "what systemd says of the two"
expect_equal "$(of continue | jq -c '[.group_kill, (.victims | length), .victims[0].comm]' | paste -sd' ')" '[false,1,"dd"] [false,1,"dd"]' "each of the service that goes on"
expect_equal "$(of kill | wc -l)" 1 "records of the group"
# systemd ends the rest as soon as the main process is dead, now and then before the kernel comes to the sleep.
expect "$(of kill)" '.group_kill and (.victims | map(.comm) | .[0] == "dd" and index("bash") != null)' "who died of the group"
expect "$(of kill)" '.kill_cgroup.path == "/system.slice/bed-kill.service" and .victims_complete' "whose group"
nested=/system.slice/bed-nested.service/sub
expect_equal "$(of nested | wc -l)" 1 "records of the delegated one"
expect "$(of nested)" ".cgroup.path == \"$nested\" and .limit_cgroup.path == \"$nested\" and .kill_cgroup.path == \"$nested\" and .scope == \"self\" and .group_kill" "it is blamed on the one below"
expect "$(of nested)" '(.victims | map(.comm) | sort) == ["bash", "dd", "sleep"]' "and has all that died there"
systemctl is-active --quiet bed-nested.service || fail "the service above is dead"
systemctl is-active --quiet bed-chill.service || fail "the chilling service is dead"
expect_equal "$(of chill)" "" "records of the chilling one"
unit_result() { [[ $(of "$1" | jq -r .after.unit_result | sort -u) == "$2" ]]; }
wait_until 20 "the record knows what systemd said" unit_result kill oom-kill
