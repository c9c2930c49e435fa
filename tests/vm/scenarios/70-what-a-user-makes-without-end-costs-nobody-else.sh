#vm slow timeout=200
# A user fills his own quarter of the tree and of the ledger, and no more: others' cgroups are known, their kills are told meanwhile
# and kept, reeved does not grow with him.
#
#   bed/70/first    root's, memory.max 8M, killed before the user begins    -> its record is still there at the end
#   bed/70/user     of user 4001: 900 cgroups with names of 200 bytes, and 100, then 150 kills in cgroups removed at
#                   once                                                    -> at most 500 known, at most 100 records, his newest
#   bed/70/beside   root's, memory.max 8M, killed while the user's die      -> its record
#   bed/70/late     root's, made afterwards                                 -> known
reeve_fresh $'[reeve]\nMaxGroups=2000\nKeepRecords=400'
first=$(cg 70/first memory.max=8M memory.swap.max=0)
hog_to_death "$first"
first_id=$ID
wait_until 15 "the first record" kills_are "$first_id" 1
user=$(cg 70/user) many=$(cg 70/user/many) leaf=$(cg 70/user/leaf) dying=$(cg 70/user/dying/x)
rmdir "$dying"
dying=$(dirname "$dying")
chown -R 4001:4001 "$user"
pid=$(reeve_pid)
pss() { awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup"; }
setpriv --reuid 4001 --regid 4001 --clear-groups perl -e 'for (1 .. 900) { mkdir("'"$many"'/" . ("x" x 196) . $_) or die "$!" }' || fail "the user makes no cgroups"
storm() { spawn "$leaf" setpriv --reuid 4001 --regid 4001 --clear-groups "$LOADS/storm" --prefix "$(printf 'y%.0s' {1..200})" "$dying" "$1"; storm=$PID; }
# What a first storm makes use of (the spool's pages, SQLite's cache) is there for good; a second, longer one adds nothing to it.
storm 100
wait_until 100 "the user's first storm is over" gone "$storm"
settle
before=$(pss)
storm 150
beside=$(cg 70/beside memory.max=8M memory.swap.max=0)
hog_to_death "$beside"
wait_until 20 "the record of the one beside him" kills_are "$ID" 1
gone "$storm" && note "the user's storm was over before the record of the one beside it"
wait_until 100 "the user's storm is over" gone "$storm"
settle
# Records of the user, the newest of them: his oldest gave way, and nobody else's.
his() { reevectl kills --json | jq -rs 'map(select(.cgroup.path // "" | startswith("/bed/70/user/"))) | length'; }
bounded() { [[ $(his) -le 100 ]]; }
wait_until 20 "the user's records are his quarter at most" bounded
[[ $(his) -ge 10 ]] || fail "of the user's newest kills only $(his) are left"
reevectl kills --json | jq -r '.cgroup.path // "" | select(startswith("/bed/70/user/"))' | grep -q 'y149$' || fail "his newest kill is not among his records"
wait_until 5 "the first record is still there" kills_are "$first_id" 1
counters() { reevectl status --counters --json | jq -r "$1"; }
[[ $(counters .cgroups_refused) -gt 0 ]] || fail "900 cgroups of one user, and none was refused a place of 500"
[[ $(counters .lost) == 0 ]] || fail "lost: $(counters .lost)"
late=$(cg 70/late)
is_known() { reevectl status "$(cg_path "$late")" --json; }
wait_until 20 "a cgroup that root makes afterwards is known" is_known
after=$(pss)
note "PSS $before kB before, $after kB after; $(his) records of his, $(counters .cgroups_refused) of his cgroups refused a place"
# SQLite may still fill its cache of 2 MB.
[[ $after -lt $((before + 2000)) ]] || fail "reeved grew from $before to $after kB"
setpriv --reuid 4001 --regid 4001 --clear-groups perl -e 'rmdir for glob "'"$many"'/*"'
:
