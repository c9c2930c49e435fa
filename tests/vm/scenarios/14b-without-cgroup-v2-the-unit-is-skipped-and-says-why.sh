#vm slow append=systemd.unified_cgroup_hierarchy=0 append=systemd.legacy_systemd_cgroup_controller=0 own-boot
# No memory controller in cgroup v2 (hybrid hierarchy): exit status 3 and a message that says what is mounted and how to
# boot with v2; the unit is skipped, not failed.
[[ ! -e /sys/fs/cgroup/cgroup.controllers ]] || fail "this boot has cgroup v2: the scenario proves nothing"
expect_status 3 reeved --check-host
expect_text "$OUT" 'cgroup.?(v2|2)' "the message says what is missing"
expect_text "$OUT" 'systemd.unified_cgroup_hierarchy' "the message says how to boot with v2"
expect_status 3 reeved --state-directory /tmp/s --runtime-directory /tmp/r
systemctl start reeved.service
[[ $(systemctl is-failed reeved.service) != failed ]] || fail "the unit is failed, not skipped"
systemctl is-active --quiet reeved.service && fail "the unit runs"
expect_status 3 reevectl status
reevectl doctor >/tmp/doctor 2>&1
expect_text "$(cat /tmp/doctor)" 'cgroup' "doctor works here"
