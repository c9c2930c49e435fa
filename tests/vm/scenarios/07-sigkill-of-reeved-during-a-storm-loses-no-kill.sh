#vm slow timeout=150
# reeved is SIGKILLed four times during 400 kills: 400 records, none twice, none wrong.
#
#   bed/07
#   ├── storm0..storm399   memory.max 4M, one hog each, removed at once   -> 400 kills, pid and id as the storm saw them
#   └── innocent           memory.max 4M, 1 MB                            -> nothing
reeve_fresh
top=$(cg 07)
innocent=$(cg 07/innocent memory.max=4M)
spawn "$innocent" "$LOADS/hog" --quiet 1
"$LOADS/storm" --pause 15000 "$top" 400 >/tmp/07-storm &
storm=$!
reached() { [[ $(wc -l </tmp/07-storm) -ge $1 ]] || ! kill -0 "$storm"; }
for at in 60 140 220 300; do
        wait_until 60 "the storm comes to $at" reached "$at"
        reeve_crash
done
wait "$storm" || fail "the storm: $(tail -n 2 /tmp/07-storm)"
want=$(awk 'NF == 3 { print $1, $2 }' /tmp/07-storm | sort)
expect_equal "$(wc -l <<<"$want")" 400 "the storm killed"
# By id or by name: a record that knows only the name of one of them would be a second one.
storm_kills() {
        reevectl kills --json | jq -r --arg ids "$(cut -d' ' -f 1 <<<"$want")" '($ids | split("\n") | map({(.): true}) | add) as $of_storm
                | select($of_storm[.cgroup.id | tostring] or ((.cgroup.path // "") | startswith("/bed/07/storm"))) | "\(.cgroup.id) \(.victims[0].pid)"' | sort
}
all_there() { [[ $(storm_kills | sort -u | wc -l) -ge 400 ]]; }
deadline=$((SECONDS + 40))
until all_there || [[ $SECONDS -ge $deadline ]]; do sleep 0.5; done
got=$(storm_kills)
missing=$(comm -13 <(sort -u <<<"$got") <(printf '%s\n' "$want"))
[[ -z $missing ]] || fail "$(wc -l <<<"$missing") kills have no record, the first (cgroup id, pid): $(head -n 1 <<<"$missing")"
expect_equal "$(uniq -d <<<"$got" | wc -l)" 0 "records that are there twice"
expect_equal "$(comm -3 <(printf '%s\n' "$got") <(printf '%s\n' "$want") | wc -l)" 0 "records that differ from what the storm saw"
expect_equal "$(reevectl kills --json | jq -r .id | sort | uniq -d | wc -l)" 0 "ids given twice"
settle
expect_no_kill "$(cg_id "$innocent")"
