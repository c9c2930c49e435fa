# comm with newline, quotes, escape codes and ",pid=1,uid=0"; cgroup names with spaces and commas; a user's cgroup that looks
# like a pod: nothing is forged in table, JSON, journal or identity.
#
#   bed/12
#   ├── "a b,task=init,pid=1,uid=0"      hog called ',pid=1,uid=0'           -> victim's own pid and uid
#   ├── lines                            hog called 'x\nFORGED=1'            -> one row, one line, no journal field FORGED
#   ├── colour                           hog called '"\e[31m\'               -> no escape byte on the terminal
#   └── user (of uid1)/kubepods-pod...slice/cri-containerd-ID.scope          -> identity claimed, owner_uid 4001
reeve_shared
kill_as() { hog_to_death "$1" --comm "$2"; expect_kill "$ID"; }

dir=$(cg '12/a b,task=init,pid=1,uid=0' memory.max=6M memory.swap.max=0)
kill_as "$dir" ',pid=1,uid=0'
expect "$RECORD" ".victims[0] | .pid == $PID and .uid == 0 and .comm == \",pid=1,uid=0\"" "its own pid"
expect "$RECORD" '.cgroup.path == "/bed/12/a b,task=init,pid=1,uid=0"' "its own path"

dir=$(cg 12/lines memory.max=6M memory.swap.max=0)
kill_as "$dir" 'x\x0aFORGED=1'
expect "$RECORD" '.victims[0].comm == "x\\x0aFORGED=1"' "a newline is escaped"
lines=$ID
expect_equal "$(reevectl kills | grep -c 'FORGED')" 1 "rows with that name"
expect_no_text "$(reevectl kills)" '^FORGED' "a row that a name made"
expect_no_text "$(reevectl explain "id:$lines")" '^FORGED' "a line that a name made"
expect_equal "$(journalctl -b -q FORGED=1 -o cat | wc -l)" 0 "journal entries with a field that a name made"
in_journal() { journalctl -b -q -u reeved.service -o json | jq -e -s 'any(.[]; tostring | contains("FORGED"))'; }
wait_until 10 "the kill is in the journal" in_journal

dir=$(cg 12/colour memory.max=6M memory.swap.max=0)
kill_as "$dir" '"\x1b[31m\x5c'
expect "$RECORD" '.victims[0].comm == "\"\\x1b[31m\\x5c"' "an escape code is escaped"
for output in "$(reevectl kills)" "$(reevectl explain "id:$ID")" "$(reevectl events)" "$(reevectl show last)"; do
        [[ $output != *$'\e[31m'* ]] || fail "an escape code of a name came to the terminal"
done

# The user makes them himself: whose a directory is, is looked at when it comes.
user=$(cg 12/user)
echo +memory >"$user/cgroup.subtree_control"
chown 4001:4001 "$user"
dir=$user/kubepods-burstable-pod0ff0c5e7_1111_2222_3333_444455556666.slice
setpriv --reuid=4001 --regid=4001 --clear-groups mkdir "$dir" || fail "uid1 cannot make a cgroup"
echo +memory >"$dir/cgroup.subtree_control"
dir=$dir/cri-containerd-$(printf 'ab%.0s' {1..32}).scope
setpriv --reuid=4001 --regid=4001 --clear-groups mkdir "$dir" || fail "uid1 cannot make a cgroup"
echo 6M >"$dir/memory.max"
echo 0 >"$dir/memory.swap.max"
kill_as "$dir" pod
expect "$RECORD" '.identity.confidence == "claimed"' "a user's cgroup is no pod"
expect "$RECORD" '.owner_uid == 4001' "whose it is"
