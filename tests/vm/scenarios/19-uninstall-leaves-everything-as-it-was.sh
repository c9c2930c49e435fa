#vm timeout=90
# reeved --uninstall: tracefs, limits and units are as before; while reeved runs it refuses with exit status 4.
#
#   system.slice/bed-web.service   own MemoryMax 200M, budget 100M              -> 200M again, no drop-in
#   bed/19/box                     own memory.max 80M, Own=adopt, budget 60M    -> 80M again
reeve_remove
systemd-run --quiet --unit=bed-web -p MemoryMax=200M sleep infinity
web=$(unit_cg bed-web.service) box=$(cg 19/box memory.max=80M)
spawn "$box" sleep infinity
picture() {
        ls /sys/kernel/tracing/instances
        cat /sys/kernel/tracing/kprobe_events /sys/kernel/tracing/kprobe_profile
        ls /run/systemd/system.control /etc/systemd/system.control 2>/dev/null
        for f in "$web" "$box"; do cat "$f"/memory.{max,high,low,min,swap.max}; done
        systemctl show -P MemoryMax bed-web.service
}
before=$(picture)
reeve_fresh $'[budget web]\nMatch=/system.slice/bed-web.service\nMemoryMax=100M\nMemoryHigh=90M\n[budget box]\nMatch=/bed/19/box\nMemoryMax=60M\nOwn=adopt'
holds() { [[ $(cat "$1/memory.max") == "$2" ]]; }
wait_until 15 "the unit's budget" holds "$web" 104857600
wait_until 15 "the adopted one's budget" holds "$box" 62914560
[[ $(picture) != "$before" ]] || fail "nothing was changed: the scenario proves nothing"
expect_status 4 reeved --uninstall
holds "$web" 104857600 || fail "a refused uninstall took the budget away"
systemctl stop reeved.socket reeved.service
expect_status 0 reeved --uninstall
expect_equal "$(diff <(printf '%s\n' "$before") <(picture))" "" "what --uninstall left behind"
