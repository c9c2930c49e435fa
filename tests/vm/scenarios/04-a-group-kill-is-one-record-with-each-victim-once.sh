# memory.oom.group with three processes: one record, three victims, each once.
#
#   bed/04
#   ├── group      memory.max 16M, memory.oom.group 1: two sleepers, one hog  -> 1 kill, 3 victims: 1 chosen, 2 group
#   └── innocent   memory.oom.group 1: three sleepers                         -> nothing
reeve_shared
group=$(cg 04/group memory.max=16M memory.swap.max=0 memory.oom.group=1)
innocent=$(cg 04/innocent memory.max=16M memory.swap.max=0 memory.oom.group=1)
pids=()
for n in 1 2; do spawn "$group" sleep infinity; pids+=("$PID"); done
for n in 1 2 3; do spawn "$innocent" sleep infinity; done
hog_to_death "$group"
pids+=("$PID")
id=$(cg_id "$group")
wait_until 10 "the whole group is dead" cg_empty "$group"

expect_kill "$id"
want=$(printf '%s\n' "${pids[@]}" | sort -n | paste -sd' ')
expect_equal "$(jq -r '[.victims[].pid] | sort | map(tostring) | join(" ")' <<<"$RECORD")" "$want" "each victim once"
expect "$RECORD" ".group_kill and .kill_cgroup.id == $id and .victims_complete" "a group kill"
expect "$RECORD" "[.victims[] | select(.why == \"chosen\").pid] == [$PID]" "the hog was chosen"
expect "$RECORD" '[.victims[] | select(.why == "group")] | length == 2' "the others died with it"
settle
expect_no_kill "$(cg_id "$innocent")"
cg_empty "$innocent" && fail "the innocent group is dead"
:
