# The same name made anew and killed again: two records, two ids; a write meant for the first never reaches the second.
#
#   bed/06
#   ├── storm      first life: killed, removed; second life: killed, removed   -> 2 kills, one path, two ids
#   ├── again      first life: removed; second life: memory.max 32M            -> set id:FIRST is refused, 32M stays
#   ├── x, y       twin.service in each
#   └── x          lives.service, removed, and again
reeve_fresh $'[budget again]\nMatch=/bed/06/again\nMemoryHigh=max\nOwn=adopt'
top=$(cg 06)
truth=$("$LOADS/storm" --same "$top" 2) || fail "the storm: $truth"
mapfile -t ids < <(awk 'NF == 3 { print $1 }' <<<"$truth")
[[ ${ids[0]} != "${ids[1]}" ]] || fail "the kernel gave one id twice"
for id in "${ids[@]}"; do
        expect_kill "$id"
        expect "$RECORD" '.cgroup.path == "/bed/06/storm"' "the same name"
done

again=$(cg 06/again)
first=$(cg_id "$again")
wait_until 10 "Reeve knows the first" reevectl status "id:$first" --json
rmdir "$again"
again=$(cg 06/again memory.max=32M)
second=$(cg_id "$again")
wait_until 10 "Reeve knows the second" reevectl status "id:$second" --json
out=$(reevectl set "id:$first" MemoryMax=64M 2>&1) && fail "a write to a cgroup that is gone succeeded: $out"
expect_equal "$(cat "$again/memory.max")" 33554432 "the second was not touched"
# The same write to the second works: the refusal above was for the right reason.
reevectl set "id:$second" MemoryMax=64M >/dev/null || fail "set of the living one fails"
expect_equal "$(cat "$again/memory.max")" 67108864 "the second can be written by its own id"

# Two cgroups of one name are listed to who asks by it; the lives of one path are one, also when all are over.
mine=$(cg 06/x/twin.service)
other=$(cg 06/y/twin.service)
wait_until 10 "Reeve knows both" reevectl status "id:$(cg_id "$other")" --json
expect_status 5 reevectl kills --cgroup twin.service
expect_text "$OUT" "may be any of: .*id:$(cg_id "$mine") /bed/06/x/twin.service" "the one"
expect_text "$OUT" "may be any of: .*id:$(cg_id "$other") /bed/06/y/twin.service" "and the other"
expect_status 5 reevectl pause twin.service
expect_text "$OUT" '/bed/06/x/twin.service' "pause says so, too"
for life in first second; do
        mine=$(cg 06/x/lives.service)
        wait_until 10 "Reeve knows the $life one" reevectl status "id:$(cg_id "$mine")" --json
        rmdir "$mine"
done
expect_status 0 reevectl kills --cgroup lives.service
