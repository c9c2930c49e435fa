#vm timeout=90
# Source=kprobe by force, while an unprivileged user floods kill(2), fork and mkdir: each OOM kill is recorded.
#
#   bed/13b
#   ├── user (of uid 4001)   loops of kill, fork, mkdir for 6 s               -> no kill record
#   └── storm0..storm29      memory.max 4M, one hog each, removed at once     -> 30 kills
reeve_fresh $'[reeve]\nSource=kprobe'
expect_equal "$(status .tier)" kprobe "the tier that was forced"
top=$(cg 13b)
user=$(cg 13b/user)
chown 4001:4001 "$user" "$user/cgroup.procs"
"$LOADS/flood" --uid 4001 --cgroup "$user" 6 kill fork mkdir >/tmp/13b-flood &
flood=$!
"$LOADS/storm" --pause 100000 "$top" 30 >/tmp/13b-storm || fail "the storm: $(tail -n 3 /tmp/13b-storm)"
wait "$flood"
note "the flood: $(paste -sd, /tmp/13b-flood)"
while read -r id pid name; do
        [[ -n $name ]] || continue
        expect_kill "$id" 20
        expect "$RECORD" ".victims[0].pid == $pid and .scope == \"self\" and .limit_cgroup.id == $id" "$name is its own"
done </tmp/13b-storm
expect_no_kill "$(cg_id "$user")"
