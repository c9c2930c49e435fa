#vm storm timeout=150
# A user's pid namespace ends with 60 processes, and root's record of a kill -9 stays: of his sigkills, and of those that are nobody's,
# a quarter is kept. What is reaped before anybody looks at it is nobody's too, root's as well: so here its parent does not reap it.
#
#   bed/72/user   of user 4001: a pid namespace of 60 processes, which ends   -> a quarter of 40 are kept
#   bed/72/root   root's: kill -9 of a sleep                                  -> its record is still there
reeve_fresh $'[reeve]\nSource=kprobe\nKeepSigkills=40'
user=$(cg 72/user) root=$(cg 72/root)
chown -R 4001:4001 "$user"
sigkills() { reevectl kills --all --json | jq -c "select(.type == \"sigkill\" and $1)"; }
some() { [[ $(sigkills "$1" | wc -l) -ge 1 ]]; }
spawn "$root" bash -c 'sleep infinity & echo $! >/run/bed-72; exec sleep infinity'
wait_until 15 "root's process is there" test -s /run/bed-72
roots=$(</run/bed-72)
kill -9 "$roots"
wait_until 15 "root's kill -9 is on record" some ".victim.pid == $roots"
note "root's: $(sigkills ".victim.pid == $roots" | jq -c '[.owner_uid, .means, .cgroup.path]')"
spawn "$user" setpriv --reuid 4001 --regid 4001 --clear-groups unshare -Urpf sh -c 'for i in 1 2 3 4 5 6; do for j in 1 2 3 4 5 6 7 8 9 10; do sleep 100 & done; done'
wait_until 15 "the user's pid namespace ends" gone "$PID"
wait_until 15 "what the kernel ended with it is on record" some '.means == "kernel"'
settle
note "owners and means of what is kept: $(sigkills true | jq -c '[.owner_uid, .means, .cgroup.path, .victim.cgroup.path]' | sort | uniq -c | sort -rn | head -n 6 | tr '\n' ';')"
some ".victim.pid == $roots" || fail "the user's namespace pushed root's record out"
