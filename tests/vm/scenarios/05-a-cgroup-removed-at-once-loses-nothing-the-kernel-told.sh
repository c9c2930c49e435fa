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
while read -r id pid name; do
        [[ $name == kills || -z $name ]] && continue
        expect_kill "$id"
        expect "$RECORD" ".cgroup.path == \"/bed/05/$name\" and .victims[0].pid == $pid" "whose it was"
        expect "$RECORD" ".scope == \"self\" and .limit_cgroup.id == $id and .limit_bytes == 4194304" "whose limit"
        expect "$RECORD" '.victims[0] | .comm == "storm" and .uid == 0 and .oom_score_adj == 0 and .start_usec > 0 and .anon_bytes > 1000000' "what the victim was"
        expect "$RECORD" '.invoker.pid > 0 and .order == 0 and .gfp != null and .attempts == 1 and .victims_complete' "what the kernel was asked"
        # What only a living cgroup tells may be missing, never another's.
        expect "$RECORD" '.memory.anon_bytes == null or .memory.anon_bytes <= 4194304' "no stranger's memory"
done <<<"$truth"
settle
expect_no_kill "$(cg_id "$innocent")"
