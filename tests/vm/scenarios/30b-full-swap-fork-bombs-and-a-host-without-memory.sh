#vm storm memory=400M own-boot timeout=240
# Limits reached when swap is full, fork bombs under a limit, and a host that has no memory left (twice): each kill is recorded
# once and as it was; sums and counters are exact.
#
#   bed/truth/manager-0..3   a case after the other   -> about 80 kills
#   bed/truth/host-4-N       takes all there is       -> scope host, no limit
. /reeve/scenarios/truth.inc
swap_have 16
truth_begin $'[reeve]\nSource=kprobe' kprobe
truth_load 40 --seed "${REEVE_SEED:-30}" --managers 4 --kinds swap,forkbomb,own --host 2
truth_holds --counters
swapped() { reevectl kills --json | jq -s '[.[] | select((.cgroup.path // "" | test("/swap-")) and .victims[0].swap_bytes > 0)] | length'; }
[[ $(swapped) -gt 0 ]] || fail "no victim had anything in swap"
