# The cgroup is removed as soon as its process is dead, twenty times: what the kernel told at the kill is all there.
#
#   bed/05
#   ├── storm0..storm19   memory.max 4M, one hog each, rmdir at once   -> 20 kills, complete
#   └── innocent          memory.max 4M, 1 MB                          -> nothing
reeve_shared
top=$(cg 05)
innocent=$(cg 05/innocent memory.max=4M)
spawn "$innocent" "$LOADS/hog" --quiet 1
truth=$("$LOADS/storm" "$top" 20) || fail "the storm: $truth"
want=$(awk 'NF == 3 { print $1, $2, "/bed/05/" $3 }' <<<"$truth" | sort)
mine() { reevectl kills --json | jq -c 'select((.cgroup.path // "") | startswith("/bed/05/storm"))'; }
all_there() { [[ $(mine | wc -l) -ge 20 ]]; }
wait_until 20 "20 records" all_there
all=$(mine)
expect_equal "$(jq -r '"\(.cgroup.id) \(.victims[0].pid) \(.cgroup.path)"' <<<"$all" | sort)" "$want" "whose they were"
every() { jq -e -s "all(.[]; $1)" >/dev/null <<<"$all" || fail "$2: $1 does not hold for $(jq -c -s "map(select($1 | not))[0]" <<<"$all")"; }
every '.scope == "self" and .limit_cgroup.id == .cgroup.id and .limit_bytes == 4194304' "whose limit"
every '.victims[0] | .comm == "storm" and .uid == 0 and .oom_score_adj == 0 and .start_usec > 0 and .anon_bytes > 1000000' "what the victim was"
every '.invoker.pid > 0 and .order == 0 and .gfp != null and .attempts == 1 and .victims_complete' "what the kernel was asked"
# What only a living cgroup tells may be missing, never another's.
every '.memory.anon_bytes == null or .memory.anon_bytes <= 4194304' "no stranger's memory"
settle
expect_no_kill "$(cg_id "$innocent")"
