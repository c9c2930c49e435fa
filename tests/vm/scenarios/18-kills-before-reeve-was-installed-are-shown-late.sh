#vm slow
# A host that OOM-killed before Reeve was installed: the first start shows it, late, once; a second start adds nothing.
#
#   bed/18
#   ├── guilty     memory.max 8M, hog; removed before Reeve starts   -> 1 kill, late, path and pid from the kernel log
#   └── innocent   memory.max 8M, 1 MB                               -> nothing
reeve_remove
[[ ! -e /var/lib/reeve/ledger.db ]] || fail "there is a ledger already"
guilty=$(cg 18/guilty memory.max=8M memory.swap.max=0) innocent=$(cg 18/innocent memory.max=8M)
spawn "$innocent" "$LOADS/hog" --quiet 1
hog_to_death "$guilty"
hog=$PID
rmdir "$guilty"
reeve_start
of_path() { reevectl kills --json | jq -c --arg p "$1" 'select(.cgroup.path == $p)'; }
there() { [[ -n $(of_path "$1") ]]; }
wait_until 20 "the kill of before" there /bed/18/guilty
record=$(of_path /bed/18/guilty)
expect_equal "$(wc -l <<<"$record")" 1 "records"
expect "$record" ".late and .victims[0].pid == $hog and .victims[0].comm == \"hog\" and .scope == \"self\"" "who it was"
expect "$record" '.sources | any(. == "log" or . == "journal")' "where it was read"
expect_text "$(reevectl kills)" 'hog' "the list shows it"
systemctl restart reeved.service || fail "restart fails"
settle
expect_equal "$(of_path /bed/18/guilty | wc -l)" 1 "records after a second start"
[[ -z $(of_path /bed/18/innocent) ]] || fail "the innocent has a record"
