#vm slow timeout=240
# ManagedOOMPreference= of services is heard: who avoids comes last though he bloats most, who omits is not chosen at all. What a user
# writes on a cgroup of his own below a slice of root's is not heard.
#
#   bed.slice/bed-oomd.slice      memory.full over 2s > 20% for 1s -> kill, by pressure; KillLimit=2
#   ├── bed-munch.service   MemoryHigh 12M, three that keep 90 MB                   -> killed
#   ├── bed-claims.service  MemoryHigh 12M, grows; of uid1, who marked it himself    -> killed
#   ├── bed-bloat.service   MemoryHigh 3M, three that keep 60 MB, avoid             -> active
#   ├── bed-omit.service    MemoryHigh 3M, grows, omit                              -> active
#   └── bed-chill.service   MemoryHigh 3M, sleeps                                   -> active
command -v stress-ng >/dev/null || skip "no stress-ng in this root image"
reeve_fresh $'[reeve]\nKillLimit=2 per 1h\n[rule bloated]\nMatch=/bed.slice/bed-oomd.slice\nWhen=memory.full over 2s > 20% for 1s\nThen=kill\nRank=pressure size\nSettleSec=2s'
reevectl pause || fail "reevectl pause"
run() { systemd-run --quiet --slice=bed-oomd.slice -p OOMScoreAdjust=0 -p MemorySwapMax=0 -p KillSignal=SIGKILL "$@" || fail "systemd-run $*"; }
keep="stress-ng --quiet --timeout 5m --vm-keep"
run --unit=bed-chill -p MemoryHigh=3M sleep infinity
run --unit=bed-bloat -p MemoryHigh=3M -p ManagedOOMPreference=avoid $keep --vm 3 --vm-bytes 60M
run --unit=bed-omit -p MemoryHigh=3M -p ManagedOOMPreference=omit "$LOADS/hog" --quiet 0
# OOMPolicy=: to systemd one with Delegate= would not be ended by an OOM kill in it.
run --unit=bed-claims -p RemainAfterExit=yes -p MemoryHigh=12M -p User=uid1 -p Delegate=yes -p OOMPolicy=stop python3 -c "
import os
own = '/sys/fs/cgroup' + open('/proc/self/cgroup').read().split('::')[1].strip()
for mark in 'omit', 'avoid':
    os.setxattr(own, 'user.oomd_' + mark, b'1')
os.execv('$LOADS/hog', ['hog', '--quiet', '0'])"
run --unit=bed-munch -p RemainAfterExit=yes -p MemoryHigh=12M $keep --vm 3 --vm-bytes 90M
slice=$(unit_cg bed-oomd.slice)
marked() { python3 -c 'import os, sys; os.getxattr(sys.argv[1], "user.oomd_" + sys.argv[2])' "$slice/bed-$1.service" "$2"; }
wait_until 20 "uid1 has marked his own" marked claims avoid
marked bloat avoid && marked omit omit || skip "this systemd or this kernel marks no cgroup"
expect_equal "$(stat -c %u "$slice/bed-claims.service") $(stat -c %u "$slice/bed-omit.service")" "4001 0" "whose they are"
pressed() { local n; for n in munch claims bloat omit; do [[ $(cg_event "$slice/bed-$n.service" high) -gt 2 ]] || return 1; done; }
wait_until 30 "all four meet their memory.high" pressed
reevectl resume || fail "reevectl resume"
ended() { [[ $(systemctl show -P Result bed-munch.service) != success && $(systemctl show -P Result bed-claims.service) != success ]]; }
wait_until 40 "both who may be chosen first are ended" ended
expect_equal "$(systemctl show -P Result bed-munch.service) $(systemctl show -P Result bed-claims.service)" "oom-kill oom-kill" "what systemd says of them"
limited() { [[ -n $(records verdict | jq -c 'select(.action == "none" and .reason == "kill_limit")') ]]; }
wait_until 20 "that no more may be killed is told, as the pressure goes on" limited
for name in bloat omit chill; do systemctl is-active --quiet "bed-$name.service" || fail "bed-$name.service is dead"; done
verdict=$(records verdict | jq -c 'select(.outcome.result == "done")' | head -n 1)
of() { printf '.candidates[] | select(.cgroup.path | endswith("/bed-%s.service")) | %s' "$1" "$2"; }
expect "$verdict" "$(of omit '.protected_by == "omit" and .rank == null')" "the one that omits"
expect "$verdict" "$(of bloat '.rank == 4 and .protected_by == null')" "the one that avoids"
expect "$verdict" "$(of chill '.rank == 3')" "the one that chills"
expect "$verdict" "$(of claims '.rank <= 2 and .protected_by == null')" "the one that says so himself"
