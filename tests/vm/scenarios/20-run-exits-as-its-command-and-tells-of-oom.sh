#vm timeout=120
# Given root and no limit, or one that is too small,
# when reevectl run runs commands that end well, badly, by OOM, by a signal or not at all,
# then it exits as they did, says whether the OOM killer had a hand in it, and leaves no cgroup behind.
. /reeve/lib.sh

# expect STATUS WORDS [run arguments]: the exit status and what stderr must say.
expect() {
        local want=$1 words=$2 got=0 said
        shift 2
        said=$(reevectl run "$@" 2>&1 >/tmp/run.out) || got=$?
        [[ $got -eq $want ]] || fail "reevectl run $*: exit $got instead of $want: $said"
        [[ $said == *"$words"* ]] || fail "reevectl run $*: does not say '$words' but: $said"
}
small="--memory-max=20M --swap-max=0"

expect 0 "took nobody" -- true
expect 7 "status 7" -- sh -c 'exit 7'
expect 127 "No such file" -- /nonexistent
expect 126 "Permission denied" -- /etc/passwd
expect 125 "--memory-max=1x" --memory-max=1x -- true
expect 137 "took 1 process of this run. It was over its own limit, memory.max=20M" $small -- tail /dev/zero
expect 3 "took 1 process" $small -- sh -c 'tail /dev/zero; exit 3'
expect 137 "took the whole group" $small --oom-group -- sh -c 'sleep 100 & tail /dev/zero; exit 3'
expect 137 "but not by the kernel's OOM killer" -- sh -c 'kill -9 $$'
expect 137 "took 1 process" --no-systemd $small -- tail /dev/zero

note "an ancestor's limit is told apart from its own"
cat >/run/systemd/system/narrow.slice <<-END
	[Slice]
	MemoryMax=24M
	MemorySwapMax=0
END
systemctl daemon-reload
expect 137 "Its own limit was not the reason" --slice=narrow --memory-max=50M -- tail /dev/zero

note "limits are in place and in bytes before the command runs; percentages are of the room there is"
expect 0 "" --memory-max=64M --memory-high=50% -- sh -c 'cd /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup) && cat memory.max && basename $PWD && grep -c . ../supervisor/cgroup.procs'
[[ $(cat /tmp/run.out) == $'67108864\npayload\n1' ]] || fail "in the payload: $(cat /tmp/run.out)"

note "what is left gets TERM, then KILL"
begin=$SECONDS
expect 0 "status 0" --kill-after=1s -- sh -c 'trap "" TERM; (while :; do sleep 1; done) & exit 0'
[[ $((SECONDS - begin)) -lt 10 ]] || fail "took $((SECONDS - begin)) s to kill what was left"
expect 5 "status 5" --wait -- sh -c '(sleep 1; echo late) & exit 5'
[[ $(cat /tmp/run.out) == late ]] || fail "--wait did not wait"

note "a signal to reevectl reaches the command"
reevectl run -- sh -c 'trap "exit 4" TERM; touch /tmp/run.ready; while :; do sleep 0.1; done' 2>/dev/null &
runner=$!
wait_until 20 "the command is ready" test -e /tmp/run.ready
kill -TERM $runner
status=0
wait $runner || status=$?
[[ $status -eq 4 ]] || fail "exit $status instead of 4 after SIGTERM"

note "--json is one object with exact counters"
reevectl run --json $small -- tail /dev/zero 2>/tmp/run.json
holds '.oom_killed == true and .exact == true and .counters.oom_kill == 1 and .signal == 9' </tmp/run.json >/dev/null || fail "$(cat /tmp/run.json)"

wait_until 10 "no scope of run is left" bash -c '! systemctl list-units --all --no-legend "reeve-run-*" | grep -q .'
[[ -z $(find /sys/fs/cgroup -name 'reeve-run-*') ]] || fail "cgroups left: $(find /sys/fs/cgroup -name 'reeve-run-*')"
