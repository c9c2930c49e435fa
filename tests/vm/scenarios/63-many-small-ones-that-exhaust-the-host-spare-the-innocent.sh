#vm storm memory=800M own-boot timeout=150
# Many small cgroups exhaust the host together, none of them as large as the innocent one, which the kernel would take. The shipped
# rule, switched on by the drop-in that its file shows, ends those that grow, as many as it takes.
#
#   bed/63/small-N    24 of them, each grows 1 MB/s without end      -> some are ended by the rule; oom_kill 0
#   bed/63/innocent   60 MB, stays                                   -> alive
reevectl check /usr/lib/reeve/policies.d/90-host.conf || fail "check refuses the shipped rules"
reeve_remove
mkdir -p /etc/reeve/policies.d
printf '[reeve]\nKillLimit=100 per 1h\n' >/etc/reeve/reeve.conf
printf '[rule host-memory]\nEnabled=yes\n' >/etc/reeve/policies.d/95-host.conf
reeve_start
expect_equal "$(reevectl status --counters --json | jq .rule_matches)" 1 "one rule is on"
innocent=$(cg 63/innocent)
before=$(vmstat oom_kill)
spawn "$innocent" "$LOADS/hog" --quiet 60
innocent_pid=$PID
full() { [[ $(<"$innocent/memory.current") -gt 60000000 ]]; }
wait_until 20 "the innocent one has its memory" full
pids=()
for n in {1..24}; do
        cg 63/small-$n >/dev/null
        spawn "$BED/63/small-$n" "$LOADS/hog" --quiet --rate 1 0
        pids+=("$PID")
done
# Time for those that are left to fill the host again, and once more.
living() { local pid n=0; for pid in "${pids[@]}"; do gone "$pid" || n=$((n + 1)); done; printf '%s\n' "$n"; }
few() { [[ $(living) -le 16 ]]; }
wait_until 40 "a third of the small ones is ended" few
gone "$innocent_pid" && fail "the innocent one is dead"
expect_equal "$(vmstat oom_kill)" "$before" "the kernel killed nobody"
small() { [[ $(records verdict | jq -r 'select(.outcome.result == "done") | .victim.path' | grep -c '^/bed/63/small-') -ge 8 ]]; }
wait_until 20 "the verdicts are on record" small
expect_equal "$(records verdict | jq -r 'select(.outcome.result == "done") | .victim.path' | grep -vc '^/bed/63/small-')" 0 "nobody else was chosen"
