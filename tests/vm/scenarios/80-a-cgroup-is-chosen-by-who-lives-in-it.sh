#vm timeout=200 slow
# Prefer= and Avoid= name cgroups also by the processes that live in them, of one that is chosen as a whole also below it. The
# largest holds one that is avoided, and lives; who holds one that is preferred goes before all.
#
#   bed/80                      200M
#   ├── database                60 MB: hog; keeper       -> alive
#   ├── batch                   20 MB: hog, 10 MB: job-7     -> killed first, whole
#   └── group (oom.group)       no process of its own
#       ├── one                 30 MB
#       └── two                 5 MB: keeper                 -> alive, both
bed=$(cg 80 memory.max=200M memory.swap.max=0)
for name in database batch group/one group/two; do cg 80/$name >/dev/null; done
echo 1 >"$bed/group/memory.oom.group"
live() { spawn "$bed/$1" "$LOADS/hog" --quiet --comm "$2" "$3"; }
rule=$'[rule names]\nMatch=/bed/80\nWhen=unreclaimable > 55%\nThen=kill\nPrefer=comm:job-*\nAvoid=comm:keeper comm:nobody\nSettleSec=1s\n'
reeve_fresh "$rule"$'DryRun=yes'
live database hog 60; hog=$PID
live database keeper 1; keeper=$PID
live group/one hog 30; one=$PID
live group/two keeper 5; two=$PID
live batch job-7 10; job=$PID
live batch hog 20; batch=$PID
said() { [[ -n $(records verdict | jq -c "select($1)") ]]; }
wait_until 20 "the dry run names the batch" said '.dry_run and .victim.path == "/bed/80/batch"'
expect "$(records verdict | jq -c 'select(.dry_run and .victim.path == "/bed/80/batch")' | head -n 1)" \
        '[.candidates[] | [.cgroup.path, .preference]] == [["/bed/80/batch", "prefer"], ["/bed/80/database", "avoid"], ["/bed/80/group", "avoid"]]' \
        "the candidates"
configure "$rule"
wait_until 30 "the batch is dead" gone "$job"
wait_until 30 "all of the batch" gone "$batch"
wait_until 20 "the kill is on record" said '.action == "kill" and .outcome.result == "done" and .victim.path == "/bed/80/batch"'
for pid in $keeper $hog $one $two; do gone "$pid" && fail "one that is to be avoided is dead"; done
expect_equal "$(cg_event "$bed" oom_kill)" 0 "the kernel killed nobody"
reevectl check /etc/reeve/reeve.conf || fail "check complains"
