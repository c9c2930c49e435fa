#vm slow timeout=240
# Memory that nothing can reclaim while its owner lives, locked, comes back by a kill. Files in a tmpfs stay when their writer is dead:
# then there is nobody to kill, which is said once, and nobody is tried again and again.
#
#   bed/98-lock/guilty      memory.max 96M together, no swap: 70 MB, mlockall  -> killed, all of it is free
#   bed/98-lock/innocent    8 MB, mlockall                                     -> alive
#   bed/98-files/guilty     memory.max 96M, no swap: 70 MB in a tmpfs          -> killed once, its files stay
#   bed/98-files/innocent   memory.max 96M: 8 MB in a tmpfs                    -> alive
reeve_fresh $'[rule lock]\nMatch=/bed/98-lock\nWhen=unreclaimable > 60%\nThen=kill\nSettleSec=1s
[rule files]\nMatch=/bed/98-files/*\nWhen=unreclaimable > 60%\nThen=kill\nSettleSec=1s'
said() { [[ -n $(records verdict | jq -c "select($1)") ]]; }
cg 98-lock memory.max=96M memory.swap.max=0 >/dev/null
for name in guilty innocent; do cg 98-lock/$name >/dev/null; cg 98-files/$name memory.max=96M memory.swap.max=0 >/dev/null; done
spawn "$BED/98-lock/innocent" "$LOADS/hog" --quiet --lock 8
locked=$PID
spawn "$BED/98-lock/guilty" "$LOADS/hog" --quiet --lock 70
guilty=$PID
wait_until 30 "who locked it is killed" gone "$guilty"
wait_until 20 "it is on record" said '.rule == "lock" and .victim.path == "/bed/98-lock/guilty" and .outcome.result == "done" and .outcome.freed_bytes > 60000000'
mkdir -p /mnt/bed-files && mount -t tmpfs -o size=200M bed-files /mnt/bed-files || fail "no tmpfs"
spawn "$BED/98-files/innocent" "$LOADS/hog" --quiet --file /mnt/bed-files/y 8
innocent=$PID
spawn "$BED/98-files/guilty" "$LOADS/hog" --quiet --file /mnt/bed-files/x 70
guilty=$PID
wait_until 30 "who filled the tmpfs is killed" gone "$guilty"
wait_until 20 "it is on record" said '.rule == "files" and .victim.path == "/bed/98-files/guilty" and .outcome.result == "done"'
expect "$(records verdict | jq -c 'select(.rule == "files" and .action == "kill")' | head -n 1)" '.outcome.freed_bytes < 8000000' "what that freed"
wait_until 20 "that nobody is left is told" said '.rule == "files" and .action == "none" and (.candidates[0].protected_by == "empty" or .reason == "no_candidate")'
sleep 5
expect_equal "$(records verdict | jq -r 'select(.rule == "files") | .action' | paste -sd' ')" "kill none" "all that was decided"
gone "$innocent" && fail "the innocent one is dead"
rm /mnt/bed-files/x
gone "$locked" && fail "the innocent one who locked his is dead"
expect_equal "$(cg_event "$BED/98-lock" oom_kill)$(cg_event "$BED/98-files" oom_kill)" 00 "the kernel killed nobody"
