#vm slow memory=400M own-boot timeout=120
# After 100 kills by cgroup limits in a ring of 16 KiB, a host OOM and a sysrq-f bear no stranger's id: scope host, no limit.
#
#   bed/03
#   ├── storm0..storm99   memory.max 4M, one hog each, removed at once  -> 100 kills: self
#   ├── eater             no limit, oom_score_adj 1000, grows           -> 1 kill: host, limit_cgroup null
#   ├── asked             no limit, oom_score_adj 1000, 30 MB           -> 1 kill by sysrq-f: host, killer sysrq
#   └── innocent          2 MB                                          -> nothing
reeve_fresh $'[reeve]\nKillsRing=16K'
top=$(cg 03)
eater=$(cg 03/eater) asked=$(cg 03/asked) innocent=$(cg 03/innocent)
spawn "$innocent" "$LOADS/hog" --quiet 2
"$LOADS/storm" "$top" 100 >/tmp/03-storm || fail "the storm: $(tail -n 3 /tmp/03-storm)"
# The kernel takes all page cache before it kills.
HOG_WAIT=60 hog_to_death "$eater" --adj 1000
eater_pid=$PID
spawn "$asked" "$LOADS/hog" --quiet --adj 1000 30
asked_pid=$PID
resident() { [[ $(awk '/^VmRSS/ { print $2 }' "/proc/$asked_pid/status") -gt 30000 ]]; }
wait_until 20 "the hog has its 30 MB" resident
echo f >/proc/sysrq-trigger
wait_until 20 "sysrq-f kills" gone "$asked_pid"

expect_kill "$(cg_id "$eater")"
expect "$RECORD" '.scope == "host" and .limit_cgroup == null and .limit_bytes == null and .reason == "host_memory"' "no limit had a hand in it"
expect "$RECORD" ".killer == \"kernel\" and .victims[0].pid == $eater_pid and .cgroup.path == \"/bed/03/eater\"" "the eater died"
expect_kill "$(cg_id "$asked")"
expect "$RECORD" '.scope == "host" and .limit_cgroup == null and .killer == "sysrq" and .selection == "sysrq"' "somebody asked for it"
expect "$RECORD" ".victims[0].pid == $asked_pid" "the asked one died"
all_there() { [[ $(reevectl kills --json | jq -r 'select(.scope == "self") | .cgroup.id' | sort -u | wc -l) -ge 100 ]]; }
wait_until 20 "100 kills by their own limit" all_there
expect_equal "$(reevectl kills --json | jq -r 'select(.scope == "self") | "\(.cgroup.id) \(.victims[0].pid)"' | sort)" \
        "$(awk 'NF == 3 { print $1, $2 }' /tmp/03-storm | sort)" "each of the 100 is its own"
settle
expect_no_kill "$(cg_id "$innocent")"
