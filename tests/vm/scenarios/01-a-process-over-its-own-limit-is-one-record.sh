# A process over memory.max of its cgroup is one record with the right pid, comm, cgroup and unit; a cgroup that behaves has none.
#
#   system.slice
#   ├── bed-guilty.service      memory.max 20M   hog, grows for ever    -> 1 kill: self, own_limit, 20971520 bytes
#   └── bed-innocent.service    memory.max 20M   hog of 4 MB, stays     -> 0 kills, alive
reeve_shared

run="systemd-run --quiet -p MemoryMax=20M -p MemorySwapMax=0 -p OOMScoreAdjust=0"
$run --unit=bed-innocent "$LOADS/hog" --quiet 4
# It waits until its id was read: on a slow machine it would be dead before.
go=/run/bed-01-go
$run --unit=bed-guilty bash -c "until [ -e $go ]; do sleep 0.1; done; exec $LOADS/hog --quiet --rate 20 0"
pid=$(systemctl show -P MainPID bed-guilty.service)
guilty=$(cg_id "$(unit_cg bed-guilty.service)") || fail "bed-guilty.service was gone before its id could be read"
innocent=$(cg_id "$(unit_cg bed-innocent.service)")
touch $go

expect_kill "$guilty"
expect "$RECORD" '.type == "kill" and .killer == "kernel" and .late == false' "the kernel killed, seen as it happened"
expect "$RECORD" '.scope == "self" and .reason == "own_limit" and .constraint == "memcg"' "its own limit"
expect "$RECORD" ".cgroup == {path: \"/system.slice/bed-guilty.service\", id: $guilty}" "the victim's cgroup"
expect "$RECORD" ".limit_cgroup.id == $guilty and .limit_bytes == 20971520" "the limit's cgroup"
expect "$RECORD" "(.victims | length) == 1 and .victims_complete and (.group_kill | not)" "one victim"
expect "$RECORD" ".victims[0] | .pid == $pid and .comm == \"hog\" and .uid == 0 and .why == \"chosen\"" "the victim"
expect "$RECORD" '.victims[0].anon_bytes | . > 12000000 and . <= 20971520' "what the victim held"
expect "$RECORD" '.identity.kind == "unit" and .identity.unit == "bed-guilty.service" and .identity.confidence == "certain"' "who runs there"
expect "$RECORD" '.confidence == "certain" and .attempts == 1' "certain"

settle
expect_no_kill "$innocent"
systemctl is-active --quiet bed-innocent.service || fail "the innocent one is dead"
expect_equal "$(reevectl kills --json --cgroup bed-guilty.service | wc -l)" 1 "kills --cgroup UNIT"
expect_text "$(reevectl explain bed-guilty.service)" 'bed-guilty' "explain names the unit"
