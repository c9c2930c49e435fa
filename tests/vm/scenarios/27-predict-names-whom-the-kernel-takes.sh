#vm timeout=120
# In 20 random populations, each in a limit of its own, the kernel takes whom reevectl predict named; where it asks for
# nobody's death nobody dies, and a whole group and the host are predicted as such.
#
#   bed/27
#   ├── p0..p19    2 to 8 processes, sizes and oom_score_adj at random, filled up by one of -1000   -> the predicted dies
#   ├── group      memory.oom.group 1, three processes, room left                                   -> named whole, alive
#   └── innocent   memory.max 64M, adj 900, 2 MB                                                    -> asked about, alive
. /reeve/scenarios/populations.inc

populations 20 27
held_for_98

group=$(cg 27/group memory.max=64M memory.swap.max=0 memory.oom.group=1)
mkdir "$group/leaf"
for n in 4 8 2; do
        spawn "$group" "$LOADS/hog" --quiet "$n"
        pids[n]=$PID
done
grown() { [[ $(awk '/^VmRSS/ { print $2 }' "/proc/${pids[8]}/status") -gt 8000 ]]; }
wait_until 20 "the largest has its 8 MB" grown
answer=$(reevectl predict --json "pid:${pids[2]}") || fail "predict pid:N fails"
expect "$answer" ".victim.pid == ${pids[8]} and .kill_cgroup.path == \"/bed/27/group\" and .with_it == 2" "the whole group"
expect "$answer" '.domain.scope == "cgroup" and .domain.limit_bytes == 67108864 and .estimate' "whose limit"
expect_text "$(reevectl predict /bed/27/group)" 'hog\[[0-9]+\] in /bed/27/group' "in words"

innocent=$(cg 27/innocent memory.max=64M memory.swap.max=0)
spawn --adj 900 "$innocent" "$LOADS/hog" --quiet 2
innocent_pid=$PID
answer=$(reevectl predict --json) || fail "predict of the host fails"
expect "$answer" '.domain.scope == "host" and .victim.pid > 1 and .victim.points == .processes[0].points' "the host's next"
expect_status 5 reevectl predict /bed/27/nobody
for pid in "$innocent_pid" "${pids[@]}"; do
        gone "$pid" && fail "to ask killed $pid"
done
:
