#vm timeout=420 slow
# In 200 random populations the kernel takes whom reevectl predict named, in 98 % of those whose two best it can tell apart.
#
#   bed/27
#   └── p0..p199   2 to 8 processes, sizes and oom_score_adj at random, filled up by one of -1000   -> the predicted dies
. /reeve/scenarios/populations.inc

populations 200 1
held_for_98
[[ $RIGHT -ge $BY_SCORE ]] || fail "max(oom_score) would have been the better guess"
