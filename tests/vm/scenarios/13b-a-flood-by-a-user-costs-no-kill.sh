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
want=$(awk 'NF == 3 { print $1, $2 }' /tmp/13b-storm | sort)
# By id: an overrun of the flooded ring may cost the name, never the kill.
mine() {
        reevectl kills --json | jq -r --arg ids "$(cut -d' ' -f 1 <<<"$want")" '($ids | split("\n") | map({(.): true}) | add) as $of_storm
                | select($of_storm[.cgroup.id | tostring] and .scope == "self" and .limit_cgroup.id == .cgroup.id) | "\(.cgroup.id) \(.victims[0].pid)"' | sort
}
all_there() { [[ $(mine | wc -l) -ge 30 ]]; }
wait_until 30 "30 records" all_there
expect_equal "$(mine)" "$want" "each is its own"
settle
expect_no_kill "$(cg_id "$user")"
