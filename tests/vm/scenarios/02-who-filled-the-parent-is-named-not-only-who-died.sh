# A limit on a parent: one child fills it, the kernel takes a process of the other. The record and explain name both.
#
#   bed/02
#   ├── parent            memory.max 40M
#   │   ├── filler        26 MB, oom_score_adj -900, stays       -> fills, survives: contributors[0]
#   │   └── victim        hog, grows for ever, dies near 14 MB   -> 1 kill: ancestor, limit_cgroup parent
#   └── apart             memory.max 40M, 26 MB                  -> nothing
reeve_shared
parent=$(cg 02/parent memory.max=40M memory.swap.max=0)
filler=$(cg 02/parent/filler)
victim=$(cg 02/parent/victim)
apart=$(cg 02/apart memory.max=40M memory.swap.max=0)
mkfifo /tmp/02-full
spawn --adj -900 "$filler" bash -c "exec $LOADS/hog 26 >/tmp/02-full"
filler_pid=$PID
read -r _ </tmp/02-full
rm /tmp/02-full
spawn "$apart" "$LOADS/hog" --quiet 26
hog_to_death "$victim"
victim_pid=$PID

expect_kill "$(cg_id "$victim")"
expect "$RECORD" '.scope == "ancestor" and .reason == "ancestor_limit"' "an ancestor's limit"
expect "$RECORD" ".limit_cgroup.id == $(cg_id "$parent") and .limit_cgroup.path == \"/bed/02/parent\" and .limit_bytes == 41943040" "the limit is the parent's"
expect "$RECORD" ".cgroup.path == \"/bed/02/parent/victim\" and .victims[0].pid == $victim_pid" "the victim is the other child's"
expect_later "$(cg_id "$victim")" ".contributors[0].cgroup.id == $(cg_id "$filler") and .contributors[0].current_bytes > 25000000" "who filled it"
gone "$filler_pid" && fail "the filler was to survive"
text=$(reevectl explain id:"$(cg_id "$victim")") || fail "explain fails: $text"
expect_text "$text" '/bed/02/parent/filler' "explain names who filled it"
expect_text "$text" '/bed/02/parent/victim' "explain names who died"
settle
expect_no_kill "$(cg_id "$apart")"
expect_no_kill "$(cg_id "$filler")"
