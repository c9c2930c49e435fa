#vm slow timeout=240
# The same load with Source=log: what the log does not tell is null or a gap, nothing is invented or misblamed, and attempts
# in records + lost in gaps = growth of vmstat oom_kill.
#
#   bed/truth/manager-0..7   a case after the other   -> about 200 kills
. /reeve/scenarios/truth.inc
truth_begin $'[reeve]\nSource=log' log
truth_load 120 --seed "${REEVE_SEED:-31}" --managers 8 --sysrq 2
truth_holds --log --counters
