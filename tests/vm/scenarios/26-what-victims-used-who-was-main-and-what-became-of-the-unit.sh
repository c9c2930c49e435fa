#vm slow timeout=150
# taskstats tells what victims used; systemd who was the main process of a service, how it ended and whether it came back.
#
#   bed/26/group     memory.oom.group, 2 sleepers and a hog            -> peak and run time of each; the first sleeper was main
#   bed/26/child     a shell (stays), whose child is a hog             -> main false
#   bed-main         a hog as a service, Restart=on-failure            -> main true, restarted_time
#   bed-child        sh -c hog, OOMPolicy=continue                     -> main false, not restarted
#   bed-stopped      sh -c hog, OOMPolicy=stop                         -> main false, unit_result oom-kill
reeve_fresh $'[reeve]\nTaskstats=yes'
taskstats() { status '.sources[] | select(.name == "taskstats") | .state'; }
is_on() { [[ $(taskstats) == on ]]; }
wait_until 20 "taskstats passes its self-test" is_on

group=$(cg 26/group memory.max=30M memory.swap.max=0 memory.oom.group=1)
spawn "$group" sleep infinity
first=$PID
spawn "$group" sleep infinity
sleep 2
hog_to_death "$group"
expect_kill "$ID"
expect_later "$ID" '(.victims | length) == 3 and all(.victims[]; .peak_rss_bytes > 0 and .runtime_usec > 0)' "what each used"
expect_later "$ID" "[.victims[] | select(.comm == \"hog\")][0].peak_rss_bytes > 20000000" "what the hog used"
expect_later "$ID" "all(.victims[]; .main == (.pid == $first))" "who was first"
expect_later "$ID" '.sources | index("taskstats") != null' "who told"
expect_equal "$(reevectl kills --all --json | jq -c 'select(.type == "sigkill")' | wc -l)" 0 "the self-test's child is no news"

child=$(cg 26/child memory.max=16M memory.swap.max=0)
spawn "$child" sh -c "sleep 2; $LOADS/hog 0; sleep 100"
expect_kill "$(cg_id "$child")" 20
expect_later "$(cg_id "$child")" '.victims[0].comm == "hog" and .victims[0].main == false' "a child"

cat >/run/systemd/system/bed-main.service <<EOF
[Service]
ExecStart=$LOADS/hog 0
MemoryMax=16M
MemorySwapMax=0
Restart=on-failure
RestartSec=1
StartLimitBurst=2
EOF
systemctl daemon-reload
systemctl start bed-main.service
systemd-run -q --unit bed-child.service -p MemoryMax=16M -p MemorySwapMax=0 -p OOMPolicy=continue sh -c "$LOADS/hog 0; sleep 100"
systemd-run -q --unit bed-stopped.service -p MemoryMax=16M -p MemorySwapMax=0 sh -c "sleep 1; $LOADS/hog 0; sleep 100"
of_unit() { reevectl kills --json | jq -c --arg u "$1" 'select(.identity.unit == $u)' | head -n 1; }
says() { of_unit "$1" | holds "$2" >/dev/null; }
expect_unit() { wait_until 25 "$1: $2" says "$1" "$2"; }
expect_unit bed-main.service '.victims[0].main == true and .after.restarted_time != null'
expect_unit bed-child.service '.victims[0].main == false and .after.unit_result == "success" and .after.restarted_time == null'
expect_unit bed-stopped.service '.victims[0].main == false and .after.unit_result == "oom-kill"'

# By itself it is off beside kprobe, and on in tier log.
configure ''
expect_equal "$(taskstats)" standby "taskstats beside kprobe"
configure $'[reeve]\nSource=log'
wait_until 20 "taskstats in tier log" is_on
alone=$(cg 26/alone memory.max=16M memory.swap.max=0)
hog_to_death "$alone"
peak() { reevectl kills --json | jq -e -s 'any(.[]; .cgroup.path == "/bed/26/alone" and .victims[0].peak_rss_bytes > 10000000)' >/dev/null; }
wait_until 20 "what the hog used, in tier log" peak
