#vm slow timeout=300
# Source=log in a storm by 64 managers: nothing is invented or misblamed, and records and gaps add up to vmstat's count.
#
#   bed/truth/own-N-M   memory.max 1M   -> 500 kills
. /reeve/scenarios/truth.inc
truth_begin $'[reeve]\nSource=log' log
truth_load 500 --managers 64 --kinds own
truth_holds --log --counters
