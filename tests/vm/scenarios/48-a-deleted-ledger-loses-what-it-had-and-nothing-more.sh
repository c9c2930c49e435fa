#vm slow timeout=240
# The ledger is deleted while reeved runs, and while it is stopped: the old records are gone and read back late from the kernel
# log, what follows is recorded as ever, nothing is told twice, and nothing counts as lost.
#
#   bed/48/guilty   memory.max 8M, one hog after the other   -> one record each, at each time
reeve_fresh $'[reeve]\nSource=kprobe'
guilty=$(cg 48/guilty memory.max=8M memory.swap.max=0)
killed=0
kill_one() { hog_to_death "$guilty"; killed=$((killed + 1)); }
of_guilty() { kills_below "$(cg_path "$guilty")"; }
are() { [[ $(of_guilty | wc -l) == "$killed" && $(of_guilty | jq -s 'map(.victims[0].pid) | unique | length') == "$killed" && $(of_guilty | jq -s 'map(select(.late)) | length') == "$1" ]]; }
held() {
        wait_until 20 "$1: $killed records, $2 of them late; there are: $(of_guilty | jq -c '[.id, .late, .tier, .victims[0].pid]')" are "$2"
        note "$1: $killed records, $2 late"
}
for _ in 1 2 3; do kill_one; done
held "before" 0
rm -f /var/lib/reeve/ledger.db*
kill_one
held "deleted while it ran" 3
kill_one
held "and on" 3

systemctl stop reeved.socket reeved.service
rm -f /var/lib/reeve/ledger.db*
kill_one
reeve_start
held "deleted while it was stopped" 6
kill_one
held "and on" 6

# SIGKILL right after: the spool has what the ledger may not.
rm -f /var/lib/reeve/ledger.db*
kill_one
reeve_crash
wait_until 20 "reevectl status answers" reevectl status --json
all() { [[ $(of_guilty | wc -l) == "$killed" && $(of_guilty | jq -s 'map(.victims[0].pid) | unique | length') == "$killed" ]]; }
wait_until 20 "after a crash: $killed records; there are: $(of_guilty | jq -c '[.id, .late, .tier, .victims[0].pid]')" all
settle
sleep 4
all || fail "told twice: $(of_guilty | jq -c '[.id, .late, .tier, .victims[0].pid]')"
expect_equal "$(records gap | wc -l)" 0 "gaps"
expect_equal "$(status .lost)" 0 "lost"
