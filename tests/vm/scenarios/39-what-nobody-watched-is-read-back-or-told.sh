#vm slow timeout=150
# No reeved and no probe while the kernel killed: what its log still has is recorded late, the rest is a gap that says so.
#
#   bed/39/read     memory.max 12M   killed once unwatched, its lines stay in the log  -> a late record
#   bed/39/washed   memory.max 12M   killed twice unwatched, its lines washed away     -> a gap of 2, not_watching
#   bed/39/good     memory.max 64M   behaves                                           -> nothing
reeve_fresh $'[reeve]\nSource=kprobe'
good=$(cg 39/good memory.max=64M)
spawn "$good" sleep 1000
read_dir=$(cg 39/read memory.max=12M memory.swap.max=0)
washed=$(cg 39/washed memory.max=12M memory.swap.max=0)
# A fresh ledger also has what other scenarios left in the kernel log.
own_kills() { records kill | jq -c 'select(.cgroup.path // "" | startswith("/bed/39/"))'; }
# One that is watched, so that both counts have agreed once.
hog_to_death "$read_dir"
wait_until 30 "the watched kill" eval '[[ $(own_kills | wc -l) == 1 ]]'
settled() { [[ $(reevectl status --counters --json | jq .late_waiting) == 0 ]]; }
wait_until 30 "what other scenarios left is read back" settled
sleep 4
unwatched() {
        systemctl stop reeved.socket reeved.service
        reeved --uninstall >/dev/null || fail "reeved --uninstall: $?"
        "$@"
        systemctl start reeved.socket reeved.service
        wait_until 30 "reevectl status answers" reevectl status --json
}
unwatched hog_to_death "$read_dir"
wait_until 30 "the unwatched kill" eval '[[ $(own_kills | wc -l) == 2 ]]'
expect_equal "$(own_kills | jq -rs '.[1] | "\(.late) \(.tier) \(.cgroup.path)"')" "true log $(cg_path "$read_dir")" "the unwatched kill"
expect_equal "$(status .lost)" 0 "lost, where the log told"

wash() {
        hog_to_death "$washed"
        hog_to_death "$washed"
        awk 'BEGIN { for (n = 0; n < 12000; n++) { printf "washing the log, line %05d, %0200d\n", n, 0; fflush() } }' >/dev/kmsg
}
sysctl -q kernel.printk_devkmsg=on
unwatched wash
gap() { [[ $(records gap | jq -rs 'map(select(.cause == "not_watching") | .lost) | add') == 2 ]]; }
wait_until 30 "a gap of 2 kills, not watched" gap
expect_equal "$(own_kills | wc -l)" 2 "records"
sleep 4
expect_equal "$(status .lost)" 2 "lost in all"
