#vm slow timeout=400
# reeved is SIGKILLed at random moments of a mixed storm, while it reads back what was before it: each kill is recorded once, and
# as it was.
#
#   bed/34/before            300 kills before reeved   -> to be read back, by each that starts before that is done
#   bed/truth/manager-0..7   a case after the other    -> about 700 kills
. /reeve/scenarios/truth.inc
reeve_remove
"$LOADS/truth" --seed 1 --managers 8 --kinds own,ancestor --out /tmp/truth-before "$(cg 34/before)" 300 || fail "the load before it failed"
# A start takes seconds under emulation, and the storm goes on: 128 KiB a CPU hold about 120 of these kills.
truth_begin $'[reeve]\nSource=kprobe\nKillsRing=384K' kprobe
seed=${REEVE_SEED:-34}
RANDOM=$seed
note "seed $seed"
truth_load 500 --seed "$seed" --managers 8 --kinds own,same,ancestor,group,group_above,shared,leaderless,moved,race,hostile &
load=$!
for crash in {1..8}; do
        sleep "$((RANDOM % 3)).$((RANDOM % 10))"
        kill -0 "$load" 2>/dev/null || break
        reeve_crash
done
wait "$load" || fail "the load itself failed"
note "$crash crashes"
wait_until 30 "reevectl status answers" reevectl status --json
truth_holds
