#vm timeout=150 slow
# A limit that somebody sets on a cgroup in which nothing moves, or on one above it, is what its rule measures by from the next look
# on. Of all that lie beside it nobody is read for it.
#
#   bed/81              40 cgroups, 2 with a process
#   ├── low             30 MB, no limit; then memory.max 32M     -> noticed
#   ├── idle-N                                                   -> not a word
#   └── in/below        30 MB; then memory.max of in: 33M        -> noticed
reeve_fresh $'[rule near]\nMatch=/bed/81/* /bed/81/in/below\nWhen=unreclaimable > 80%\nThen=notify\nSettleSec=1s'
bed=$(cg 81 memory.swap.max=0)
cg 81/in/below >/dev/null
cg 81/low >/dev/null
for n in {1..40}; do mkdir "$bed/idle-$n"; done
spawn "$bed/low" "$LOADS/hog" --quiet 30
spawn "$bed/in/below" "$LOADS/hog" --quiet 30
matched() { [[ $(reevectl status --counters --json | jq .rule_matches) == 43 ]]; }
wait_until 20 "all are matched" matched
switches() { cat "/proc/$(reeve_pid)/task"/*/status | awk '/_ctxt_switches/ { n += $2 } END { print n }'; }
quiet() { local before; before=$(switches); sleep 4; [[ $(($(switches) - before)) -lt 60 ]]; }
wait_until 20 "reeved is quiet" quiet
told() { [[ -n $(records verdict | jq -c "select(.cgroup.path == \"$1\" and .action == \"notify\")") ]]; }
after() { # PATH: how long until the rule was sure, as the record has it
        local usec
        usec=$(records verdict | jq -r --arg p "$1" 'select(.cgroup.path == $p) | .boottime_usec' | head -n 1)
        echo $(((usec - $2) / 1000))
}
now_usec() { awk '{ printf "%.0f\n", $1 * 1000000 }' /proc/uptime; }
set_at=$(now_usec)
echo 32M >"$bed/low/memory.max"
wait_until 20 "the low one is noticed" told /bed/81/low
low=$(after /bed/81/low "$set_at")
set_at=$(now_usec)
echo 33M >"$bed/in/memory.max"
wait_until 20 "what lies below is noticed" told /bed/81/in/below
below=$(after /bed/81/in/below "$set_at")
note "after $low ms and $below ms"
# Without a word it is read once in ten seconds, and one of very many later still.
[[ $low -lt 3000 && $below -lt 3000 ]] || fail "seen after $low and $below ms"
expect_equal "$(records verdict | jq -r .cgroup.path | sort -u | grep -vc -e /low -e /in)" 0 "others that were noticed"
expect "$(reevectl status --counters --json)" '.limits_unwatched == 0' "the counter"
