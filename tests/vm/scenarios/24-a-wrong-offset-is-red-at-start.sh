#vm slow timeout=120
# Each offset of task, css_set, cgroup and kernfs that the probes use, one at a time taken 8 bytes too far, is found by the
# self-test at start; with the right ones (the innocent) the source opens.
#
#   for each proved offset: open fails with the reason; nothing is left in tracefs
/reeve/unit/test-kprobe >/tmp/24.log 2>&1 || fail "$(grep -vE '^\[ +OK|RUN' /tmp/24.log | tail -n 15)"
grep -c ' -[0-9]* ' /tmp/24.log | { read -r n; [[ $n -ge 6 ]] || fail "only $n offsets were tried"; note "$n offsets, each red"; }
left=$(grep -c nowhere /sys/kernel/tracing/kprobe_events)
expect_equal "$left" 0 "probes left behind"
