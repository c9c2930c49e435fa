#vm slow timeout=60
# dbus-daemon ends a connection on which nobody has said who he is for auth_timeout (30 s, here 2 s). reeved connects at its start, and
# has its first question when the first cgroup of a budget is made, days later perhaps: the limit is there all the same. And once more
# after dbus-daemon was told to reload, and for a Set.
mkdir -p /etc/dbus-1/system.d
trap 'rm -f /etc/dbus-1/system.d/bed.conf; systemctl reload dbus' EXIT
printf '<busconfig><limit name="auth_timeout">2000</limit></busconfig>\n' >/etc/dbus-1/system.d/bed.conf
systemctl reload dbus || skip "no dbus-daemon to reload"
reeve_fresh $'[budget late]\nMatch=/system.slice/bed-late.service\nMemoryMax=100M'
sleep 5
systemd-run --quiet --unit=bed-late sleep infinity
holds() { [[ $(cat "$(unit_cg bed-late)/memory.max") == "$1" ]]; }
wait_until 10 "the budget of a unit that is born late holds" holds 104857600
expect_equal "$(records limit | jq -r .outcome.result)" "done" "the record of it"

systemctl restart reeved
sleep 5
expect_text "$(reevectl set bed-late.service MemoryMax=90M)" 'was set from 100M to 90M'
holds 94371840 || fail "memory.max is $(cat "$(unit_cg bed-late)/memory.max")"
