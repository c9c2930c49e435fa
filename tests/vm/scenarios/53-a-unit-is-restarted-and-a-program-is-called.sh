#vm timeout=200 slow
# A rule calls a program, outside of reeved's sandbox, without privilege and with the record on its input, then has systemd restart
# the unit. In a dry run it does neither. The neighbour is not touched; a cgroup that is no unit is not restarted.
#
#   system.slice
#   ├── bed-guilty.service      MemoryMax 64M: 50 MB    -> restarted once, as another process
#   └── bed-innocent.service    MemoryMax 64M: 10 MB    -> the same process
#   bed/53/plain                64M: 50 MB              -> restart refused, alive
mkdir -p /run/bed-hook
chmod 1777 /run/bed-hook
cat >/run/bed-hook/hook <<'END'
#!/bin/bash
# A DynamicUser's service may write to nothing but its own: what it has to say goes to the journal.
read -r line
echo "hook uid=$(id -u) adj=$(cat /proc/self/oom_score_adj) names=$(env | grep -c bed-) $line"
[[ $line == *'"path":"/bed/53/plain"'* ]] && kill -9 $$
exit 7
END
chmod 755 /run/bed-hook/hook
rule=$'[rule u]\nMatch=/system.slice/bed-*.service /bed/53/*\nWhen=unreclaimable > 65%\nThen=exec /run/bed-hook/hook\nThen=restart\nSettleSec=2s\n'
reeve_fresh "$rule"$'DryRun=yes'
plain=$(cg 53/plain memory.max=64M memory.swap.max=0)
spawn "$plain" "$LOADS/hog" --quiet 50
plain_pid=$PID
cat >/run/bed-hook/once <<END
#!/bin/bash
[[ -e /run/bed-hook/began ]] && exec $LOADS/hog --quiet 10
touch /run/bed-hook/began
exec $LOADS/hog --quiet 50
END
chmod 755 /run/bed-hook/once
unit="systemd-run --quiet -p MemoryMax=64M -p MemorySwapMax=0 -p OOMScoreAdjust=0"
$unit --unit=bed-innocent "$LOADS/hog" --quiet 10
$unit --unit=bed-guilty /run/bed-hook/once
main() { systemctl show -P MainPID "$1"; }
guilty=$(main bed-guilty.service) innocent=$(main bed-innocent.service)
said() { [[ -n $(records verdict | jq -c "select($1)") ]]; }
wait_until 20 "the dry run is told of both" said '.dry_run and .action == "restart" and .victim.path == "/system.slice/bed-guilty.service"'
expect_equal "$(main bed-guilty.service)" "$guilty" "the guilty unit's process after a dry run"
expect_equal "$(journalctl -b -o cat --no-pager | grep -c '^hook uid')" 0 "programs called in a dry run"
configure "$rule"
other() { local now; now=$(main bed-guilty.service); [[ $now != 0 && $now != "$guilty" ]]; }
wait_until 30 "the guilty unit is restarted" other
wait_until 20 "the restart is on record" said '.action == "restart" and .outcome.result == "done" and .victim.path == "/system.slice/bed-guilty.service"'
wait_until 20 "no restart of what is no unit" said '.action == "restart" and .outcome.result == "refused" and .victim.path == "/bed/53/plain"'
hook() { journalctl -b -o cat --no-pager | grep '^hook uid' | grep '"path":"/system.slice/bed-guilty.service"'; }
wait_until 20 "the program has told" hook
line=$(hook | head -n 1)
expect_text "$line" '^hook uid=6[0-9]{4} adj=0 names=0 \{' "what it was"
expect "$(sed 's/^[^{]*//' <<<"$line")" '.type == "verdict" and .rule == "u" and .action == "exec" and .outcome == null' "its input"
id=$(sed 's/^[^{]*//' <<<"$line" | jq -r .id)
outcome() { [[ $(reevectl show "$id" --json | jq -r .outcome.result) == done ]]; }
wait_until 20 "its outcome is added to the record" outcome
ended() { [[ $(reevectl show "$1" --json | jq -c '.program | [.result, .exit_status, .signal, .ran_usec > 0]') == "$2" ]]; }
wait_until 20 "how it ended is added to the record" ended "$id" '["exit-code",7,null,true]'
expect_text "$(reevectl explain "$id")" 'ended with exit status 7 after .*; systemd says: exit-code' "explain"
other=$(records verdict | jq -r 'select(.action == "exec" and .cgroup.path == "/bed/53/plain" and (.dry_run | not)) | .id' | head -n 1)
wait_until 20 "how the other one ended is added" ended "$other" '["signal",null,9,true]'
expect_equal "$(main bed-innocent.service)" "$innocent" "the innocent unit's process"
gone "$plain_pid" && fail "what is no unit is dead"
rm -r /run/bed-hook
