#vm slow timeout=240
# reeved stands still (SIGSTOP) while the kernel kills more than its ring holds, then while the kernel drops events that it
# does not count: records and gaps add up to vmstat's count, with the cause, and no innocent gets a record.
#
#   bed/truth/manager-0..7   a case after the other in a ring of 16 KiB a CPU  -> some records, the rest a gap: overrun
#   bed/truth                three more, of which no event reaches the ring     -> no record, a gap of three: dropped
#   bed/innocent             memory.max 64M, lives through it                   -> nothing
. /reeve/scenarios/truth.inc
truth_begin $'[reeve]\nSource=kprobe\nKillsRing=16K' kprobe
innocent=$(cg innocent memory.max=64M)
spawn "$innocent" sleep 1000
# Kinds of one attempt a death: what is lost is what the gaps say.
kinds=own,same,ancestor,moved,hostile
settle
stopped_while() {
        kill -STOP "$(reeve_pid)"
        "$@"
        kill -CONT "$(reeve_pid)"
}
stopped_while truth_load 150 --seed "${REEVE_SEED:-46}" --managers 8 --kinds "$kinds"
truth_holds --gaps=overrun
[[ $(records gap | wc -l) -gt 0 ]] || fail "nothing was overrun: the ring is too large for this load"

# An event that does not fit a page is dropped, and no counter of the ring tells. None of ours grows so large: a filter drops
# them here, in the same way.
dropping() {
        local filter
        for filter in /sys/kernel/tracing/instances/reeve*kills/events/reeve*/victim*/filter; do
                echo 'tgid == 1' >"$filter" || fail "$filter"
        done
        truth_load 3 --kinds own
        for filter in /sys/kernel/tracing/instances/reeve*kills/events/reeve*/victim*/filter; do
                echo 0 >"$filter"
        done
}
stopped_while dropping
truth_holds --gaps=dropped
expect_equal "$(reevectl status --counters --json | jq -c '.unattributed | map_values(select(. > 0)) | keys')" '["dropped","overrun"]' "causes"
settle
expect_no_kill "$(cg_id "$innocent")"
