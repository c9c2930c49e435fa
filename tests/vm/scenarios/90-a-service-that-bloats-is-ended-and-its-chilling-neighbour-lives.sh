#vm slow timeout=240
# systemd's TEST-55 with Reeve in the place of systemd-oomd: under a rule on the pressure in their slice the one of two equal services
# that bloats is ended, systemd says Result=oom-kill of it, and the other runs on. First in a dry run, which touches nobody.
#
#   bed.slice/bed-oomd.slice      memory.full over 2s > 20% for 2s -> kill, by pressure; 64 MB of swap
#   ├── bed-bloat.service   MemoryHigh 3M, ten processes that keep 200 MB     -> killed whole within two minutes
#   └── bed-chill.service   MemoryHigh 3M, sleeps                             -> active, the same process
command -v stress-ng >/dev/null || skip "no stress-ng in this root image"
swap_have 64
rule=$'[rule bloated]\nMatch=/bed.slice/bed-oomd.slice\nWhen=memory.full over 2s > 20% for 2s\nThen=kill\nRank=pressure size\nSettleSec=15s\n'
# As systemd-analyze verify has it of ManagedOOMMemoryPressureDurationSec=.
for span in 0s 1s; do printf '%s' "${rule/for 2s/for $span}" >/run/bed-$span.conf; done
expect_status 1 reevectl check /run/bed-0s.conf
expect_text "$OUT" 'bed-0s.conf:3' "what is wrong with no time at all"
expect_status 0 reevectl check /run/bed-1s.conf
reeve_fresh "$rule"$'DryRun=yes'
before=$(vmstat oom_kill)
run="systemd-run --quiet --slice=bed-oomd.slice -p MemoryHigh=3M -p OOMScoreAdjust=0 -p KillSignal=SIGKILL"
$run --unit=bed-chill sleep infinity || fail "bed-chill.service does not start"
$run --unit=bed-bloat -p RemainAfterExit=yes stress-ng --quiet --timeout 3m --vm 10 --vm-bytes 200M --vm-keep || fail "bed-bloat.service does not start"
chill=$(systemctl show -P MainPID bed-chill.service)
result() { systemctl show -P Result bed-bloat.service; }
said() { [[ -n $(records verdict | jq -c "select($1)") ]]; }
wait_until 40 "the dry run names the one that bloats" said '.dry_run and .action == "kill" and .victim.path == "/bed.slice/bed-oomd.slice/bed-bloat.service"'
expect_equal "$(result)" success "what became of it in the dry run"
start=$SECONDS
configure "$rule"
ended() { [[ $(result) != success ]]; }
wait_until 40 "the one that bloats is ended" ended
[[ $((SECONDS - start)) -lt 120 ]] || fail "it took $((SECONDS - start)) s"
expect_equal "$(result)" oom-kill "what systemd says of it"
wait_until 20 "the verdict is on record" said '.action == "kill" and .outcome.result == "done"'
verdict=$(records verdict | jq -c 'select(.outcome.result == "done")')
expect_equal "$(wc -l <<<"$verdict")" 1 "one shortage, one kill"
expect "$verdict" '.cgroup.path == "/bed.slice/bed-oomd.slice" and .victim.path == "/bed.slice/bed-oomd.slice/bed-bloat.service" and (.pids | length) >= 11' "who, and whole"
expect "$verdict" '.trigger[0] | .what == "memory.full" and .value > 0.2 and .threshold == 0.2 and .for_usec >= 2000000' "why, and for how long"
expect "$verdict" '.candidates[1] | .rank == 2 and .cgroup.path == "/bed.slice/bed-oomd.slice/bed-chill.service" and .score.pressure == 0' "who was not chosen"
systemctl is-active --quiet bed-chill.service || fail "the chilling service is dead"
expect_equal "$(systemctl show -P MainPID bed-chill.service)" "$chill" "its process"
expect_equal "$(vmstat oom_kill)" "$before" "the kernel killed nobody"
