#vm storm timeout=240
# An administrator disables all kprobes, switches our events off, removes our probes: noticed within a watchdog tick or at the
# next kill, said, done without, and back again. Each kill is one record: what the rings missed, the kernel's log tells.
#
#   bed/47/guilty   memory.max 8M, a hog in each state, one after the other   -> a record each
#   bed/47/good     lives through it                                          -> nothing
dropin=/run/systemd/system/reeved.service.d
mkdir -p "$dropin" && printf '[Service]\nWatchdogSec=10s\n' >"$dropin/bed.conf" && systemctl daemon-reload
switch=/sys/kernel/debug/kprobes/enabled
undo() { echo 1 >"$switch"; rm -rf "$dropin"; systemctl daemon-reload; }
trap undo EXIT
[[ -e $switch ]] || mount -t debugfs debugfs /sys/kernel/debug
reeve_fresh
expect_equal "$(status .tier)" kprobe "the tier at start"
good=$(cg 47/good) guilty=$(cg 47/guilty memory.max=8M memory.swap.max=0)
spawn "$good" sleep 1000
settle
begin=$(vmstat oom_kill) killed=0
kill_one() { hog_to_death "$guilty"; killed=$((killed + 1)); }
tier_is() { [[ $(status .tier) == "$1" ]]; }
told() { records gap | jq -s 'map(.lost) | add // 0'; }
# Each kill is one record, or in a gap, never both.
of_guilty() { kills_below "$(cg_path "$guilty")"; }
adds_up() { [[ $(($(of_guilty | wc -l) + $(told))) == "$killed" ]]; }
held() {
        wait_until 15 "$1: $killed kills in records and gaps" adds_up
        note "$1: $killed kills, $(told) of them in gaps, tier $(status .tier)"
}
losses() { records supervisor | jq -s 'map(select(.event == "watch_lost")) | length'; }

echo 0 >"$switch"
wait_until 15 "kprobes disabled: noticed at a tick" tier_is log
expect "$(reevectl status --json)" '.state == "degraded" and (.sources[] | select(.name == "kprobe") | .why | test("kprobes"))' "said why"
kill_one
held "kprobes disabled"
expect_equal "$(told)" 0 "gaps, since the log told of it"
echo 1 >"$switch"
wait_until 30 "kprobes enabled again: used again" tier_is kprobe
kill_one
held "kprobes enabled again"

echo 0 >"$switch"
kill_one
wait_until 15 "kprobes disabled: noticed at the next kill" tier_is log
held "kprobes disabled, and a kill at once"
echo 1 >"$switch"
wait_until 30 "kprobes enabled again: used again" tier_is kprobe

before=$(losses)
for instance in /sys/kernel/tracing/instances/reeve*; do
        echo 0 >"$instance/events/enable"
done
kill_one
noticed() { [[ $(losses) -gt $before ]]; }
wait_until 15 "events switched off: noticed" noticed
wait_until 15 "events switched off: back" tier_is kprobe
kill_one
held "events switched off"

# As trace-cmd reset does it.
before=$(losses)
for instance in /sys/kernel/tracing/instances/reeve*; do
        echo 0 >"$instance/tracing_on"
        echo 0 >"$instance/events/enable"
done
echo >/sys/kernel/tracing/kprobe_events || fail "kprobe_events cannot be emptied"
kill_one
wait_until 15 "probes removed: noticed" noticed
wait_until 15 "probes removed: back" tier_is kprobe
kill_one
held "probes removed"

settle
sleep 4
held "in the end"
expect_equal "$(told)" 0 "kills in gaps, though the kernel's log has them"
expect_equal "$(reevectl status --counters --json | jq .lost)" "$(told)" "lost, as status says"
expect_equal "$(($(vmstat oom_kill) - begin))" "$((killed + 1))" "the kernel's count, with the marker"
expect "$(of_guilty | jq -s .)" 'map(.victims[0].pid) | length == (unique | length)' "each victim once"
# An OOM kill of which the probes said nothing is no "SIGKILL that was no OOM" either.
victims=$(of_guilty | jq -s 'map(.victims[0].pid)')
others=$(records sigkill | jq -c --argjson pids "$victims" 'select(.means == "kernel" and (.victim.pid as $p | $pids | index($p)))')
expect_equal "$others" "" "SIGKILLs of the OOM killer's victims"
expect_no_kill "$(cg_id "$good")"
