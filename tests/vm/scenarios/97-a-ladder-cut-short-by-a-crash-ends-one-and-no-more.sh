#vm slow timeout=200
# reeved is SIGKILLed while it waits whether a SIGTERM helps: the next life takes the ladder up again and ends that one, who is deaf, by a
# kill; the other candidate is not taken in its stead, and systemd is told once.
#
#   bed.slice/bed-97.slice         MemoryMax 128M; a rule on it: unreclaimable > 60 % -> term 10s, kill
#   ├── bed-deaf.service       70 MB, ignores SIGTERM      -> killed once, Result=oom-kill
#   └── bed-innocent.service   20 MB, would end on SIGTERM -> active
reeve_fresh $'[rule guard]\nMatch=/bed.slice/bed-97.slice\nWhen=unreclaimable > 60%\nThen=term 10s\nThen=kill\nSettleSec=3s'
run() { systemd-run --quiet --slice=bed-97.slice -p OOMScoreAdjust=0 -p KillSignal=SIGKILL "$@" || fail "systemd-run $*"; }
run --unit=bed-innocent "$LOADS/hog" --quiet 20
systemctl set-property --runtime bed-97.slice MemoryMax=128M MemorySwapMax=0
run --unit=bed-deaf -p RemainAfterExit=yes bash -c "trap '' TERM; exec $LOADS/hog --quiet 70"
innocent=$(systemctl show -P MainPID bed-innocent.service) deaf=$(systemctl show -P MainPID bed-deaf.service)
acting() { [[ $(reevectl why-not /bed.slice/bed-97.slice --json | jq -r '.rules[0].state') == acting ]]; }
wait_until 30 "the ladder is under way" acting
gone "$deaf" && fail "it is dead already"
reeve_crash
ended() { [[ $(systemctl show -P Result bed-deaf.service) != success ]]; }
wait_until 40 "the deaf one is ended" ended
expect_equal "$(systemctl show -P Result bed-deaf.service)" oom-kill "what systemd says of it"
told() { [[ -n $(records verdict | jq -c 'select(.action == "kill" and .outcome.result == "done")') ]]; }
wait_until 20 "it is on record" told
sleep 4
expect_equal "$(records verdict | jq -r 'select(.action == "kill") | .victim.path' | paste -sd' ')" /bed.slice/bed-97.slice/bed-deaf.service "one kill, of whom"
expect_equal "$(records verdict | jq -r 'select(.action == "term") | .victim.path' | sort -u | paste -sd' ')" /bed.slice/bed-97.slice/bed-deaf.service "who was asked"
expect_equal "$(systemctl show -P MainPID bed-innocent.service)" "$innocent" "the innocent one's process"
expect_equal "$(journalctl -b -o cat --no-pager | grep -c '^bed-deaf.service: systemd-oomd killed')" 1 "how often systemd was told"
