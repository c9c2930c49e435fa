#vm storm timeout=240
# tracefs is unmounted: a reeved that runs goes on with what it holds, one that starts then reads the log instead, says so, and
# is back with the rings once it is mounted. They have recorded all the while what the log told: no kill is told twice.
#
#   bed/47b/guilty   memory.max 8M, a hog in each state, one after the other   -> one record each
dropin=/run/systemd/system/reeved.service.d
mkdir -p "$dropin" && printf '[Service]\nWatchdogSec=10s\n' >"$dropin/bed.conf" && systemctl daemon-reload
mounted() { mountpoint -q /sys/kernel/tracing; }
undo() { mounted || mount -t tracefs tracefs /sys/kernel/tracing; rm -rf "$dropin"; systemctl daemon-reload; }
trap undo EXIT
reeve_fresh
guilty=$(cg 47b/guilty memory.max=8M memory.swap.max=0)
killed=0
kill_one() { hog_to_death "$guilty"; killed=$((killed + 1)); }
tier_is() { [[ $(status .tier) == "$1" ]]; }
of_guilty() { kills_below "$(cg_path "$guilty")"; }
recorded() { [[ $(of_guilty | wc -l) == "$killed" ]]; }
held() { wait_until 15 "$1: $killed records, of $(of_guilty | jq -c '[.id, .tier, .late, .victims[0].pid]')" recorded; note "$1: $killed records, tier $(status .tier)"; }

kill_one
held "at start"
umount -l /sys/kernel/tracing || fail "umount"
umount -l /sys/kernel/debug/tracing 2>/dev/null
kill_one
held "unmounted while it runs"
systemctl restart reeved.service || fail "restart without tracefs"
wait_until 20 "reevectl status answers" reevectl status --json
expect_equal "$(status .tier)" log "the tier without tracefs"
expect "$(reevectl status --json)" '.sources[] | select(.name == "kprobe") | .why != null' "said why"
kill_one
held "started without tracefs"
kill_one
held "once more"
mount -t tracefs tracefs /sys/kernel/tracing || fail "mount"
wait_until 40 "mounted again: used again" tier_is kprobe
kill_one
held "mounted again"
settle
sleep 4
held "in the end"
expect "$(of_guilty | jq -s .)" 'map(.victims[0].pid) | length == (unique | length)' "each victim once"
expect_equal "$(records gap | wc -l)" 0 "gaps"
