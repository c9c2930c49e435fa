#vm storm timeout=400
# Cgroups with one hog each by 64 managers, each removed the moment its process is reaped.
#
#   bed/truth/own-N-M   memory.max 1M   -> 2000 kills
. /reeve/scenarios/truth.inc
truth_begin $'[reeve]\nSource=kprobe' kprobe
truth_load 2000 --managers 64 --kinds own
truth_holds --counters
