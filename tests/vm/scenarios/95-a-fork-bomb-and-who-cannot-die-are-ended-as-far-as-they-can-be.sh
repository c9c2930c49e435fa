#vm slow timeout=240
# A fork bomb is ended whole though it goes on forking. A victim that cannot die, for it waits for a frozen file system, is told and
# passed over: the next is ended, then no more. Of one whose first thread is gone the rest is found, and ended as a process.
#
#   bed/95-bomb/guilty     forks without end, 64M together, 80 processes at most         -> nobody is left of it
#   bed/95-bomb/innocent   10 MB                                                          -> alive
#   bed/95-stuck/frozen    30 MB, Prefer=, waits for a frozen file system                 -> ineffective, told
#   bed/95-stuck/guilty    60 MB                                                          -> killed next
#   bed/95-stuck/innocent  10 MB                                                          -> alive
#   bed/95-lost/guilty     50 MB; one process, whose leader is a zombie                   -> killed, by Victim=process
#   bed/95-lost/guilty     its neighbour, 8 MB                                            -> alive
reeve_fresh $'[reeve]\nKillLimit=20 per 1h\n[rule bomb]\nMatch=/bed/95-bomb/*\nWhen=unreclaimable > 60%\nThen=kill\nSettleSec=1s
[rule stuck]\nMatch=/bed/95-stuck\nWhen=unreclaimable > 50%\nThen=kill\nPrefer=/bed/95-stuck/frozen\nSettleSec=2s
[rule lost]\nMatch=/bed/95-lost/*\nWhen=unreclaimable > 60%\nThen=kill\nVictim=process\nSettleSec=2s'
undo() { fsfreeze -u /mnt/bed-frozen; umount -l /mnt/bed-frozen; rm -f /var/tmp/bed-image; } 2>/dev/null
trap undo EXIT
said() { [[ -n $(records verdict | jq -c "select($1)") ]]; }

for name in guilty innocent; do cg 95-bomb/$name memory.max=64M memory.swap.max=0 >/dev/null; done
spawn "$BED/95-bomb/innocent" "$LOADS/hog" --quiet 10
bombed=$PID
echo +pids >"$ROOT/cgroup.subtree_control" && echo +pids >"$BED/cgroup.subtree_control" && echo +pids >"$BED/95-bomb/cgroup.subtree_control" &&
        echo 80 >"$BED/95-bomb/guilty/pids.max" || skip "nothing bounds the fork bomb"
spawn "$BED/95-bomb/guilty" bash -c 'held=$(head -c 700000 /dev/zero | tr "\0" x); bomb() { held=${held}y; bomb & bomb & wait; }; bomb'
wait_until 40 "the fork bomb is killed" said '.rule == "bomb" and .action == "kill"'
wait_until 40 "nobody is left of it" cg_empty "$BED/95-bomb/guilty"
sleep 1
cg_empty "$BED/95-bomb/guilty" || fail "it came back"
gone "$bombed" && fail "the fork bomb's innocent neighbour is dead"
wait_until 20 "its end is on record" said '.rule == "bomb" and .outcome.result == "done" and (.pids | length) > 5'
[[ $(records verdict | jq -c 'select(.rule == "bomb" and .action == "kill" and .victim.path != "/bed/95-bomb/guilty")') == "" ]] || fail "somebody else was chosen"

mkdir -p /mnt/bed-frozen
truncate -s 8M /var/tmp/bed-image && mke2fs -q -t ext4 -O ^has_journal /var/tmp/bed-image && mount -o loop /var/tmp/bed-image /mnt/bed-frozen &&
        fsfreeze -f /mnt/bed-frozen || skip "no file system can be frozen"
cg 95-stuck memory.max=128M memory.swap.max=0 >/dev/null
for name in frozen guilty innocent; do cg 95-stuck/$name >/dev/null; done
spawn "$BED/95-stuck/frozen" python3 -c 'b = bytearray(b"x") * (30 << 20); open("/mnt/bed-frozen/x", "w")'
frozen=$PID
stands() { [[ $(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$frozen/status") == D && $(<"$BED/95-stuck/frozen/memory.current") -gt 31000000 ]]; }
wait_until 30 "it waits for the file system" stands
spawn "$BED/95-stuck/innocent" "$LOADS/hog" --quiet 10
innocent=$PID
spawn "$BED/95-stuck/guilty" "$LOADS/hog" --quiet 60
guilty=$PID
wait_until 40 "the one who cannot die is told" said '.rule == "stuck" and .victim.path == "/bed/95-stuck/frozen" and .outcome.result == "ineffective"'
wait_until 40 "the next is killed" gone "$guilty"
wait_until 20 "it is on record" said '.rule == "stuck" and .victim.path == "/bed/95-stuck/guilty" and .outcome.result == "done"'
expect "$(records verdict | jq -c 'select(.rule == "stuck" and .outcome.result == "ineffective")')" '.outcome.error | test("does not die")' "what is told of it"
gone "$frozen" && fail "it died, though the file system is frozen"
gone "$innocent" && fail "the innocent one is dead"

cg 95-lost/guilty memory.max=80M memory.swap.max=0 >/dev/null
spawn "$BED/95-lost/guilty" "$LOADS/hog" --quiet 8
neighbour=$PID
spawn "$BED/95-lost/guilty" "$LOADS/hog" --quiet --headless 50
lost=$PID
wait_until 40 "it is ended" said ".rule == \"lost\" and .outcome.result == \"done\" and .pids == [$lost] and .outcome.freed_bytes > 40000000"
gone "$neighbour" && fail "the neighbour of the one without a leader is dead"
fsfreeze -u /mnt/bed-frozen
wait_until 20 "it dies as soon as it can" gone "$frozen"
gone "$innocent" && fail "the innocent one is dead"
expect_equal "$(cg_event "$BED/95-bomb" oom_kill)$(cg_event "$BED/95-stuck" oom_kill)$(cg_event "$BED/95-lost" oom_kill)" 000 "the kernel killed nobody"
