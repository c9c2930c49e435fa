#vm timeout=150
# stop, restart, SIGKILL and an upgrade of reeved while an owned cgroup holds processes: none dies, the budget stays, a kill in
# the gap is recorded with its cgroup, late.
#
#   system.slice/reeve-groups.service/box   Own=create, MemoryMax 40M: a sleeper (stays), a hog in the gap   -> 1 kill, late
conf=$'[budget box]\nMatch=/system.slice/reeve-groups.service/box\nMemoryMax=40M\nMemorySwapMax=0\nOwn=create'
reeve_fresh "$conf"
box=$ROOT/system.slice/reeve-groups.service/box
holds() { [[ $(cat "$box/memory.max") == 41943040 ]]; }
wait_until 20 "Reeve makes the cgroup with its budget" holds
spawn "$box" sleep infinity
sleeper=$PID id=$(cg_id "$box")
intact() {
        gone "$sleeper" && fail "$1 killed the process in the owned cgroup"
        [[ $(cg_id "$box") == "$id" ]] || fail "$1 made another cgroup of it"
        holds || fail "$1 took the budget away: $(cat "$box/memory.max")"
}

systemctl stop reeved.service || fail "stop fails"
systemctl stop reeved.socket 2>/dev/null
intact "stop"
hog_to_death "$box"
hog=$PID
intact "a kill in the gap"
reeve_start
intact "start"
expect_kill "$id" 20
expect "$RECORD" ".late and .victims[0].pid == $hog and .cgroup.path == \"/system.slice/reeve-groups.service/box\" and (.identity | .kind == \"owned\" and .confidence == \"certain\")" "the kill in the gap"

systemctl restart reeved.service || fail "restart fails"
intact "restart"
reeve_crash
intact "SIGKILL"

# An upgrade: another file under the same name, daemon-reload, restart.
binary=$(command -v reeved)
cp "$binary" "$binary.new" && mv "$binary.new" "$binary"
systemctl daemon-reload
systemctl restart reeved.service || fail "restart after an upgrade fails"
intact "an upgrade"
hog_to_death "$box"
two() { [[ $(kills_count "$id") == 2 ]]; }
wait_until 20 "kills after the upgrade are recorded too" two
kill "$sleeper"
