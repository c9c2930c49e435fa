#vm slow timeout=240
# A mixed load from a seed: own limits, ancestors' at 1 to 10 levels, group kills, dead leaders, shared mm, bombs, processes
# moved just before, names of 255 bytes at depth 10, hostile names, exits that race with the kill, limits written below
# usage, tasks that nobody may kill, sysrq-f. Each kill is recorded once and as it was; sums and counters are exact.
#
#   bed/truth/manager-0..7   a case after the other; what they are: tests/vm/loads/truth-cases.c   -> about 300 kills
. /reeve/scenarios/truth.inc
truth_begin $'[reeve]\nSource=kprobe' kprobe
truth_load 200 --seed "${REEVE_SEED:-30}" --managers 8 --sysrq 3
truth_holds --counters
