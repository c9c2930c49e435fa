#vm slow timeout=400
# 500 kills by 64 managers while an unprivileged user floods kill(2), fork, mkdir and dying pid namespaces.
#
#   bed/truth-user      of uid 4001: four floods   -> no kill record
#   bed/truth/own-N-M   memory.max 1M              -> 500 kills
. /reeve/scenarios/truth.inc
truth_begin $'[reeve]\nSource=kprobe' kprobe
flooded truth_load 500 --managers 64 --kinds own
truth_holds --counters
