#vm slow timeout=90
# tracing_on=0 in Reeve's own instance: a kill after that is recorded by another source or told as a gap, and status says so.
#
#   bed/13c
#   ├── before   memory.max 8M, hog   -> 1 kill by kprobe, nothing lost
#   └── after    memory.max 8M, hog   -> a kill record or a gap; status is no longer clean
# It is noticed by the line in the kernel's log, long before the watchdog's next tick, which may be 90 s away.
reeve_fresh $'[reeve]\nSource=kprobe'
before=$(cg 13c/before memory.max=8M memory.swap.max=0) after=$(cg 13c/after memory.max=8M memory.swap.max=0)
hog_to_death "$before"
expect_kill "$ID"
expect_equal "$(records gap | wc -l)" 0 "gaps before"
sleep 4 # what is looked at after a kill has been
off=0
for file in /sys/kernel/tracing/instances/reeve*/tracing_on; do
        [[ -e $file ]] && echo 0 >"$file" && off=$((off + 1))
done
[[ $off -gt 0 ]] || fail "Reeve has no tracefs instance"
hog_to_death "$after"
noticed() { [[ $(records gap | wc -l) -gt 0 || $(kills_below "$(cg_path "$after")" | wc -l) -gt 0 ]]; }
wait_until 6 "the silent ring is noticed" noticed
expect_equal "$(kills_count "$(cg_id "$before")")" 1 "records of the first kill"
