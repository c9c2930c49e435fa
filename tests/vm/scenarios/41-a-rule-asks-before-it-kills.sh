#vm slow timeout=150
# The steps of a ladder are taken one after another, each only because the one before did not help: reclaim, then SIGTERM, which
# the guilty one ignores, then the kill; one that listens to SIGTERM never meets the kill.
#
#   bed/41/deaf       memory.max 64M: hog 50 MB, ignores SIGTERM     -> reclaim, term ineffective, killed
#   bed/41/polite     memory.max 64M: hog 50 MB, ends on SIGTERM     -> reclaim, term done
#   bed/41/calm       memory.max 64M: hog 10 MB                      -> nothing, alive
reeve_fresh $'[rule ladder]\nMatch=/bed/41/*\nWhen=unreclaimable > 70% for 500ms\nThen=reclaim 4M\nThen=term 1s\nThen=kill\nSettleSec=2s'
for name in deaf polite calm; do cg 41/$name memory.max=64M memory.swap.max=0 >/dev/null; done
spawn "$BED/41/calm" "$LOADS/hog" --quiet 10
calm=$PID
spawn "$BED/41/deaf" bash -c "trap '' TERM; exec $LOADS/hog --quiet 50"
deaf=$PID
spawn "$BED/41/polite" "$LOADS/hog" --quiet 50
polite=$PID
wait_until 30 "the polite one ends" gone "$polite"
wait_until 30 "the deaf one is dead" gone "$deaf"
gone "$calm" && fail "the calm one is dead"
steps() { records verdict | jq -r "select(.cgroup.path == \"/bed/41/$1\") | \"\(.action) \(.outcome.result)\"" | grep -v '^reclaim' | paste -sd' '; }
both() { [[ $(steps deaf) == "term ineffective kill done" && $(steps polite) == "term done" ]]; }
wait_until 20 "both ladders are on record" both
reclaim=$(records verdict | jq -r 'select(.action == "reclaim") | .outcome.result' | sort -u)
kernel_at_least 5.19 && expect_no_text "$reclaim" 'refused|failed' "reclaim was tried"
kernel_at_least 5.19 || expect_equal "$reclaim" refused "this kernel has no memory.reclaim"
expect_equal "$(records verdict | jq -c 'select(.cgroup.path == "/bed/41/calm")')" "" "nothing about the calm one"
expect_text "$(reevectl why-not /bed/41/calm)" 'conditions do not hold' "why-not of the calm one"
# Both are kills by Reeve, not by the kernel and not by a stranger, and each is a kill of its own, however soon the one followed the other.
by_reeve() {
        local of
        of=$(reevectl kills --json | jq -r 'select(.killer == "reeve") | [.victims[].pid] | join("+")' | sort -n | paste -sd' ')
        [[ " $of " == *" $deaf "* && " $of " == *" $polite "* ]]
}
[[ $(status .tier) == kprobe ]] && wait_until 20 "the kill is Reeve's" by_reeve
:
