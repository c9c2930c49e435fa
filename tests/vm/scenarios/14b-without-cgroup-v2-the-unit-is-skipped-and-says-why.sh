#vm slow append=systemd.unified_cgroup_hierarchy=0 append=systemd.legacy_systemd_cgroup_controller=0 own-boot
# No memory controller in cgroup v2 (hybrid hierarchy): exit status 3 and a message that says what is mounted and how to
# boot with v2; the unit is skipped, not failed.
[[ ! -e /sys/fs/cgroup/cgroup.controllers ]] || fail "this boot has cgroup v2: the scenario proves nothing"
# A kernel without the memory controller of cgroup v1 (7.2 as built here) leaves it to v2 in this boot too: a hybrid host that Reeve
# can watch, below the mount point "unified".
if ! grep -q '^cgroup .*[ ,]memory[ ,]' /proc/mounts; then
        expect_status 0 reeved --check-host
        expect_text "$OUT" '/sys/fs/cgroup/unified' "the hybrid host's cgroup2 mount is found"
        systemctl start reeved.service || fail "reeved.service does not start on a hybrid host with the controller in v2"
        expect_equal "$(status .cgroup_root)" /sys/fs/cgroup/unified "what it watches"
        note "the memory controller is in v2 here: the skipped unit was not shown on this kernel"
        exit 0
fi
expect_status 3 reeved --check-host
expect_text "$OUT" 'cgroup.?(v2|2)' "the message says what is missing"
expect_text "$OUT" 'systemd.unified_cgroup_hierarchy' "the message says how to boot with v2"
expect_status 3 reeved --state-directory /tmp/s --runtime-directory /tmp/r
systemctl start reeved.service
[[ $(systemctl is-failed reeved.service) != failed ]] || fail "the unit is failed, not skipped"
systemctl is-active --quiet reeved.service && fail "the unit runs"
expect_status 3 reevectl status
# Who asks is told so: he neither waits, nor has systemd try again and again.
starts() { journalctl -b -u reeved.service -o cat --no-pager | grep -c 'Starting'; }
before=$(starts)
expect_status 3 reevectl kills
sleep 5
[[ $(($(starts) - before)) -le 2 ]] || fail "one question began $(($(starts) - before)) starts"
systemctl is-active --quiet reeved.socket || fail "reeved.socket is $(systemctl is-active reeved.socket)"
reevectl doctor >/tmp/doctor 2>&1
expect_text "$(cat /tmp/doctor)" 'cgroup' "doctor works here"
