#vm timeout=200 slow memory=768M
# reeved dies after it killed for a shortage, and is restarted after it reached KillLimit=: the next life waits for what the kill frees
# before it kills a second one, and does not begin to count anew.
#
#   bed/56            memory.max 106M, full
#   ├── a             50 MB        -> one of the two is killed, then reeved,
#   ├── b             50 MB        -> the other 6 s (SettleSec=) after the first, not before
#   └── c             50 MB, later -> alive past KillLimit=, whoever restarts reeved; killed after reevectl resume
#   bed/56i           50 MB        -> alive throughout
reeve_fresh $'[reeve]\nKillLimit=2 per 1h\n[rule each]\nMatch=/bed/56/*\nWhen=unreclaimable > 40% for 500ms\nThen=kill\nSettleSec=6s
[rule elsewhere]\nMatch=/bed/56i\nCandidates=/bed/56/*\nWhen=unreclaimable > 10G\nThen=kill'
for name in 56/a 56/b 56/c 56i; do cg "$name" >/dev/null; done
echo 0 >"$BED/56/memory.swap.max"
echo 106M >"$BED/56/memory.max"
kills() { records verdict | jq -c 'select(.rule == "each" and .action == "kill" and .outcome.result == "done")'; }
n_kills_are() { [[ $(kills | wc -l) == "$1" ]]; }
told() { [[ -n $(records verdict | jq -c 'select(.action == "none" and .reason == "kill_limit")') ]]; }

spawn "$BED/56i" "$LOADS/hog" --quiet 50
innocent=$PID
spawn "$BED/56/a" "$LOADS/hog" --quiet 50
a=$PID
spawn "$BED/56/b" "$LOADS/hog" --quiet 50
b=$PID
wait_until 30 "one of the two is killed" n_kills_are 1
reeve_crash
wait_until 30 "the other has had its turn" n_kills_are 2
apart=$(kills | jq -s '[.[].boottime_usec] | .[1] - .[0]')
[[ $apart -ge 5900000 ]] || fail "the second was killed $apart us after the first"
gone "$a" && gone "$b" || fail "one of the two is alive"

systemctl restart reeved.service || fail "reeved does not restart"
spawn "$BED/56/c" "$LOADS/hog" --quiet 50
c=$PID
wait_until 30 "the limit of kills is told" told
gone "$c" && fail "it was killed past KillLimit="
expect "$(reevectl why-not /bed/56/c --json)" '[.rules[] | [.rule, .state, .candidate]] == [["each", "kill_limit", true], ["elsewhere", "calm", true]]' \
        "why-not knows both rules that might"
reevectl resume || fail "reevectl resume"
wait_until 30 "after resume it is killed" gone "$c"
gone "$innocent" && fail "the innocent one is dead"
expect_equal "$(cg_event "$BED/56" oom_kill)" 0 "the kernel killed nobody"
