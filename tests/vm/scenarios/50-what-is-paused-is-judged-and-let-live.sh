#vm timeout=200 slow
# reevectl pause has rules judge and act on nobody, over a reload and a crash of reeved, until resume or its time is over; of
# one cgroup, its neighbour is acted on as ever. Who is not root may not.
#
#   bed/50            memory.max 200M
#   ├── kept          50 MB of 64M    -> alive while paused, killed after resume
#   ├── other         50 MB of 64M    -> alive while all is paused, killed at resume of all
#   └── innocent      10 MB of 64M    -> alive
reeve_fresh $'[rule guard]\nMatch=/bed/50/*\nWhen=unreclaimable > 70%\nThen=kill\nSettleSec=1s'
for name in kept other innocent; do cg 50/$name memory.max=64M memory.swap.max=0 >/dev/null; done
told() { [[ -n $(records verdict | jq -c "select($1)") ]]; }
expect_text "$(reevectl pause --for 1h)" 'only judge now, until' "what pause says"
expect_status 4 setpriv --reuid=4001 --regid=4001 --clear-groups reevectl resume
expect_status 4 setpriv --reuid=4001 --regid=4001 --clear-groups reevectl pause /bed/50/other
# Who owns the cgroup.kill of one may, for that one; others do not even hear of it.
mine=$BED/50/innocent/cgroup.kill
[[ -e $mine ]] || mine=$BED/50/innocent/cgroup.freeze
chown 4001 "$mine"
as() { setpriv --reuid="$1" --regid="$1" --clear-groups "${@:2}"; }
expect_status 0 as 4001 reevectl pause --for 1h /bed/50/innocent
expect_equal "$(status '.pauses | length')" 2 "root sees both pauses"
expect_equal "$(as 4002 reevectl status --json | jq '.pauses | length')" 1 "another user sees that all is paused, and no cgroup"
expect_status 4 as 4002 reevectl resume /bed/50/innocent
expect_status 0 as 4001 reevectl resume /bed/50/innocent
spawn "$BED/50/innocent" "$LOADS/hog" --quiet 10
innocent=$PID
spawn "$BED/50/kept" "$LOADS/hog" --quiet 50
kept=$PID
spawn "$BED/50/other" "$LOADS/hog" --quiet 50
other=$PID
wait_until 20 "the verdict says why nobody is killed" told '.cgroup.path == "/bed/50/kept" and .action == "none" and .reason == "paused"'
expect_text "$(reevectl why-not /bed/50/kept)" 'paused' "why-not"
expect_equal "$(status '.pauses[0].cgroup')" null "status shows that all is paused"
reevectl reload >/dev/null
reeve_crash
wait_until 20 "reevectl status answers" reevectl status --json
expect_equal "$(status '.pauses | length')" 1 "the pause outlives a crash"
wait_until 20 "it is said again" told '.cgroup.path == "/bed/50/other" and .reason == "paused"'
for pid in $kept $other; do gone "$pid" && fail "one died while all was paused"; done
# A process names its cgroup, for whoever asks for it.
expect_status 0 reevectl pause "pid:$kept"
expect_text "$(reevectl check --effective "pid:$kept")" '^guard: When  *unreclaimable' "check --effective by a process"
expect_text "$(as 4002 reevectl check --effective "id:$(stat -c %i "$BED/50/kept")")" '^/bed/50/kept:' "and by an id, without root"
expect_equal "$(reevectl kills --json --cgroup "pid:$kept")" "" "no kill of its cgroup so far"
expect_status 5 reevectl pause pid:4194304
expect_status 5 reevectl check --effective nobody-1
reevectl pause --for 1s /bed/50/other >/dev/null
expect_equal "$(status '.pauses | length')" 3 "three pauses"
reevectl pause --for 1s >/dev/null
wait_until 30 "the other one is killed when its pauses are over" gone "$other"
gone "$kept" && fail "it died while it was paused"
expect_text "$(reevectl resume /bed/50/kept)" 'act again' "what resume says"
wait_until 30 "it is killed after resume" gone "$kept"
gone "$innocent" && fail "the innocent one is dead"
expect "$(records supervisor | jq -c 'select(.event == "paused")' | head -n 1)" '.requested_by.uid == 0 and .until != null' "the pause is on record"
expect "$(records supervisor | jq -c 'select(.event == "resumed")' | tail -n 1)" '.cgroup.path == "/bed/50/kept"' "the end of one, too"
