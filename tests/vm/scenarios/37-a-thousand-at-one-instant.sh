#vm storm memory=2048M timeout=300
# A thousand cgroups made before, a process in each; all reach their limits at one instant, each is removed as its process dies.
#
#   bed/truth/premade-N   memory.max 512K   -> 1000 kills
. /reeve/scenarios/truth.inc
truth_begin $'[reeve]\nSource=kprobe' kprobe
truth_load 1000 --premade
truth_holds --counters
