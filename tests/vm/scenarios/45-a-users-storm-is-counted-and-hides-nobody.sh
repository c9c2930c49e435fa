#vm slow timeout=120
# A user past StormAfter= has exact counts a second instead of records; another's kill beside him has its record.
#
#   bed/45/user-a, bed/45/user-b   of user 4001, memory.max 12M, killed 6 times each   -> 5 records, storm records of 7 in all
#   bed/45/root                    memory.max 12M, killed once, last                   -> its record
#   bed/45/good                    of user 4001, behaves                               -> nothing
reeve_fresh $'[reeve]\nStormAfter=5 per 1h'
for name in user-a user-b good; do
        dir=$(cg "45/$name" memory.max=12M memory.swap.max=0)
        chown 4001:4001 "$dir"
        wait_until 10 "Reeve knows whose $name is" eval "reevectl status '$(cg_path "$dir")' --json | holds '.owner_uid == 4001'"
done
spawn "$dir" sleep 1000
for n in 1 2 3 4 5 6; do
        hog_to_death "$BED/45/user-a"
        hog_to_death "$BED/45/user-b"
done
dir=$(cg 45/root memory.max=12M memory.swap.max=0)
hog_to_death "$dir"
# Whose a cgroup made a moment before is may be learned after the kill: the joined record says.
of() { reevectl kills --json | jq -rs --argjson uid "$1" 'map(select(.owner_uid == $uid and (.cgroup.path // "" | startswith("/bed/45/")))) | length'; }
wait_until 30 "the record of the one beside him" eval '[[ $(of 0) == 1 ]]'
storm() { records storm | jq -rs 'map(.counts[].kills) | add // 0'; }
wait_until 30 "counts of 7 kills" eval '[[ $(storm) == 7 ]]'
expect_equal "$(of 4001)" 5 "records of the user's kills"
expect_equal "$(records storm | jq -rs 'map(.owner_uid) | unique | tostring')" "[4001]" "whose storm"
expect_equal "$(records storm | jq -rs '[.[].counts[]] | group_by(.cgroup.path) | map("\(.[0].cgroup.path)=\(map(.kills) | add)") | join(" ")')" \
        "/bed/45/user-a=3 /bed/45/user-b=4" "counts by cgroup"
sleep 3
expect_equal "$(status .lost)" 0 "lost"
