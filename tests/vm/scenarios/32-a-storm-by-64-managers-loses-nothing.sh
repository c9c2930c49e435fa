#vm slow timeout=150
# Cgroups with one hog each by 64 managers, each removed the moment its process is reaped.
#
#   bed/truth/own-N-M   memory.max 1M   -> 500 kills
. /reeve/scenarios/truth.inc
truth_begin $'[reeve]\nSource=kprobe' kprobe
truth_load 500 --managers 64 --kinds own
truth_holds --counters
