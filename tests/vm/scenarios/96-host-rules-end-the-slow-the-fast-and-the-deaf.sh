#vm storm memory=600M own-boot timeout=240
# The shipped host rules, switched on by the drop-in that their file shows, in the place of earlyoom: a slow hog that goes into swap, one
# without swap that takes all it can get, one that ignores SIGTERM and stops short of the limit. Each is ended, nobody else.
#
#   bed/96/innocent   60 MB, touches memory all the time    -> alive throughout
#   bed/96/slow       40 MB/s, 96 MB of swap                -> ended, kernel kills 0
#   bed/96/fast       as fast as it can, no swap            -> ended, kernel kills 0
#   bed/96/deaf       60 MB/s up to 20 MB short of all      -> SIGTERM ineffective, killed, kernel kills 0
reeve_remove
mkdir -p /etc/reeve/policies.d
printf '[reeve]\nKillLimit=20 per 1h\n' >/etc/reeve/reeve.conf
printf '[rule host-%s]\nEnabled=yes\n' memory swap pressure >/etc/reeve/policies.d/95-host.conf
reeve_start
innocent=$(cg 96/innocent)
before=$(vmstat oom_kill)
spawn "$innocent" "$LOADS/hog" --quiet --swing 1 60
innocent_pid=$PID
full() { [[ $(<"$innocent/memory.current") -gt 60000000 ]]; }
wait_until 20 "the innocent one has its memory" full
available() { awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo; }
# ended NAME COMMAND...: of this load, and told with its numbers.
ended() {
        local name=$1 dir start
        shift
        dir=$(cg "96/$name")
        start=${EPOCHREALTIME/./}
        spawn "$dir" "$@"
        wait_until 40 "$name is ended" gone "$PID"
        note "$name: ended after $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
        gone "$innocent_pid" && fail "the innocent one died of $name"
        told() { [[ -n $(records verdict | jq -c --arg v "/bed/96/$name" 'select(.victim.path == $v and .outcome.result == "done")') ]]; }
        wait_until 20 "the end of $name is on record" told
        expect "$(records verdict | jq -c --arg v "/bed/96/$name" 'select(.victim.path == $v)')" '.cgroup.path == "/" and (.trigger | length) > 0' "why $name"
}
swap_have 96
ended slow "$LOADS/hog" --quiet --rate 40 0
swapoff -a
wait_until 20 "the rules have settled" rules_settled /bed/96/innocent
ended fast "$LOADS/hog" --quiet 0
wait_until 20 "the rules have settled" rules_settled /bed/96/innocent
ended deaf bash -c "trap '' TERM; exec $LOADS/hog --quiet --rate 60 $(($(available) - 20))"
expect_text "$(records verdict | jq -r 'select(.victim.path == "/bed/96/deaf") | "\(.action) \(.outcome.result)"')" '^term ineffective' "it was asked first"
expect_equal "$(vmstat oom_kill)" "$before" "the kernel killed nobody"
expect_equal "$(records verdict | jq -r '.victim.path // empty' | sort -u | grep -vc '^/bed/96/\(slow\|fast\|deaf\)$')" 0 "nobody else was chosen"
