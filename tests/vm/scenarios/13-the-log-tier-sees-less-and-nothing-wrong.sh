#vm timeout=90
# Source=log by force: pid, comm, path and limit are right, the tier is said; what it cannot see is null, not invented.
#
#   bed/13
#   ├── guilty     memory.max 8M, hog, stays a cgroup               -> 1 kill: tier log, source log
#   ├── group      memory.max 16M, oom.group, 2 sleepers and a hog  -> 1 kill, at most its own 3 pids
#   └── innocent   memory.max 8M, 1 MB                              -> nothing
reeve_fresh $'[reeve]\nSource=log'
expect_equal "$(status .tier)" log "the tier that was forced"
guilty=$(cg 13/guilty memory.max=8M memory.swap.max=0)
group=$(cg 13/group memory.max=16M memory.swap.max=0 memory.oom.group=1)
innocent=$(cg 13/innocent memory.max=8M memory.swap.max=0)
spawn "$innocent" "$LOADS/hog" --quiet 1
hog_to_death "$guilty"
guilty_pid=$PID
for n in 1 2; do spawn "$group" sleep infinity; pids+=("$PID"); done
hog_to_death "$group"
pids+=("$PID")

of_path() { reevectl kills --json | jq -c --arg p "$1" 'select(.cgroup.path == $p)'; }
there() { [[ -n $(of_path "$1") ]]; }
wait_until 15 "a record from the log" there /bed/13/guilty
record=$(of_path /bed/13/guilty)
expect_equal "$(wc -l <<<"$record")" 1 "records"
expect "$record" '.tier == "log" and (.sources | index("log")) != null and (.sources | index("kprobe")) == null' "seen in the log"
expect "$record" ".victims[0].pid == $guilty_pid and .victims[0].comm == \"hog\" and .victims[0].uid == 0" "the right victim"
expect "$record" '.scope == "self" and .limit_cgroup.path == "/bed/13/guilty" and .killer == "kernel"' "the right limit"
expect "$record" '.confidence | . == "certain" or . == "likely"' "how sure it is"
wait_until 15 "the group kill" there /bed/13/group
record=$(of_path /bed/13/group)
expect_equal "$(wc -l <<<"$record")" 1 "records of the group kill"
expect_equal "$(jq -r '.victims[].pid' <<<"$record" | grep -vxF "$(printf '%s\n' "${pids[@]}")" | wc -l)" 0 "victims that did not die there"
expect_equal "$(jq -r '.victims[].pid' <<<"$record" | sort | uniq -d | wc -l)" 0 "victims named twice"
[[ -z $(of_path /bed/13/innocent) ]] || fail "the innocent has a record"
