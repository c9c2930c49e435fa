#vm slow timeout=240
# The clock is set forward and back while reeved runs, is stopped, and dies: each kill is recorded once, at the time the clock
# then showed; what was recorded stays as it was.
#
#   bed/48b/guilty   memory.max 8M, one hog after the other   -> one record each
reeve_fresh $'[reeve]\nSource=kprobe'
guilty=$(cg 48b/guilty memory.max=8M memory.swap.max=0)
killed=0 step=86400
set_by() { date -s "@$(($(date +%s) + $1))" >/dev/null || fail "date -s"; }
put_back=0
undo() { set_by "$((-put_back))"; }
trap undo EXIT
recorded() { [[ $(kills_count "$(cg_id "$guilty")") == "$killed" ]]; }
# In the order in which they were written: kills are listed by time.
as_written() { kills_of "$(cg_id "$guilty")" | jq -s -c 'sort_by(.seq)[]'; }
# The newest record's time is what the clock shows, within a minute.
held() {
        local told
        wait_until 15 "$1: $killed records" recorded
        told=$(as_written | tail -n 1 | jq '.time | sub("\\.[0-9]+Z$"; "Z") | fromdate')
        [[ $(($(date +%s) - told)) -ge -2 && $(($(date +%s) - told)) -le 60 ]] || fail "$1: recorded at $told, and now it is $(date +%s)"
        note "$1: $killed records"
}
kill_one() { hog_to_death "$guilty"; killed=$((killed + 1)); }
forward() { set_by "$step"; put_back=$((put_back + step)); }
back() { set_by "-$step"; put_back=$((put_back - step)); }
unwatched() {
        systemctl stop reeved.socket reeved.service
        "$@"
        kill_one
        reeve_start
}
kill_one
held "as it was"
first=$(as_written | jq -r .time)
forward
kill_one
held "a day ahead"
back
kill_one
held "back again"
unwatched forward
held "set forward while it was stopped"
unwatched back
held "set back while it was stopped"
forward
reeve_crash
kill_one
held "set forward before a crash"
back
reeve_crash
kill_one
held "set back before a crash"
settle
sleep 4
recorded || fail "told twice: $(kills_of "$(cg_id "$guilty")" | jq -c '[.id, .time, .victims[0].pid]')"
expect_equal "$(as_written | head -n 1 | jq -r .time)" "$first" "the first record's time"
expect_equal "$(status .lost)" 0 "lost"
