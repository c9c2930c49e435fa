#vm storm timeout=300
# Cgroups with one hog each by 200 managers, each removed the moment its process is reaped.
#
#   bed/truth/own-N-M   memory.max 1M   -> 1000 kills
. /reeve/scenarios/truth.inc
truth_begin $'[reeve]\nSource=kprobe' kprobe
truth_load 1000 --managers 200 --kinds own
truth_holds --counters
