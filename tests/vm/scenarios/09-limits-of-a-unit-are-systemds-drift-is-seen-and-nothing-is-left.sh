#vm timeout=90
# A unit's limits set through Reeve survive daemon-reload; a raw write by somebody else is recorded as drift; what the budget
# left with systemd goes with the unit: the next instance has its own value.
#
#   system.slice
#   ├── bed-web@1.service   own MemoryMax 200M, budget 100M    -> 100M, after daemon-reload too; drift to 150M is recorded
#   └── bed-other.service   own MemoryMax 200M, no budget      -> 200M throughout
cat >/run/systemd/system/bed-web@.service <<-'UNIT'
[Service]
Slice=system.slice
ExecStart=/bin/sleep infinity
MemoryMax=200M
UNIT
systemctl daemon-reload
reeve_fresh $'[budget web]\nMatch=/system.slice/bed-web@*.service\nMemoryMax=100M'
systemd-run --quiet --unit=bed-other -p MemoryMax=200M sleep infinity
systemctl start bed-web@1.service
dir=$(unit_cg bed-web@1.service)
holds() { [[ $(cat "$dir/memory.max") == "$1" ]]; }
limit_record() { records limit | jq -e --arg by "$1" --arg path "$(cg_path "$dir")" 'select(.by == $by and .cgroup.path == $path)' | grep -q .; }
wait_until 15 "the budget is applied" holds 104857600
wait_until 10 "its application is a limit record" limit_record reeve
systemctl daemon-reload
settle
holds 104857600 || fail "daemon-reload took the budget away: $(cat "$dir/memory.max")"
expect_equal "$(systemctl show -P MemoryMax bed-web@1.service)" 104857600 "systemd knows the budget"

echo 150M >"$dir/memory.max"
wait_until 15 "a raw write is recorded as drift" limit_record other
expect_equal "$(cat "$(unit_cg bed-other.service)/memory.max")" 209715200 "the unit without a budget"

systemctl stop bed-web@1.service
no_dropins() { ! compgen -G '/run/systemd/system.control/bed-web@*'; }
wait_until 20 "the drop-ins are removed with the unit" no_dropins
configure ''
systemctl start bed-web@1.service bed-web@2.service
settle
for n in 1 2; do
        expect_equal "$(cat "$(unit_cg "bed-web@$n.service")/memory.max")" 209715200 "instance $n has its own value"
done
