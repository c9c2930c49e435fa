#vm slow timeout=120
# A full disk below the ledger and a journald that stands still: kills are recorded and shown at once; the disk's records
# are in the ledger when there is room again, under the ids they were given.
#
#   /var/lib/reeve      a tmpfs of 4 MB, filled up while reeved runs
#   bed/25
#   ├── one, two, three  memory.max 4M, a hog each, while disk and journal refuse    -> 3 kills, shown within seconds
#   └── innocent         memory.max 4M, 1 MB                                        -> nothing
reeve_remove
mount -t tmpfs -o size=4M,mode=0755 reeve-full /var/lib/reeve || fail "no tmpfs for the state directory"
undo() { kill -CONT "$(systemctl show -P MainPID systemd-journald.service)"; rm -f /var/lib/reeve/filler; systemctl stop reeved.socket reeved.service; umount -l /var/lib/reeve; }
trap undo EXIT
reeve_start
innocent=$(cg 25/innocent memory.max=4M)
spawn "$innocent" "$LOADS/hog" --quiet 1

dd if=/dev/zero of=/var/lib/reeve/filler bs=64k 2>/dev/null
kill -STOP "$(systemctl show -P MainPID systemd-journald.service)"
ids=()
for name in one two three; do
        hog_to_death "$(cg "25/$name" memory.max=4M memory.swap.max=0)"
        ids+=("$ID")
done
# A follower is told from the spool, whatever the disk does.
shown() { [[ $(timeout 5 reevectl events --json -f 2>/dev/null | jq -r 'select(.type == "kill") | .cgroup.id' | sort -u | wc -l) -ge 3 ]]; }
wait_until 40 "all three are shown though the disk is full" shown
troubled() { [[ $(reevectl status --counters --json | jq -r '.ledger.troubled, .state' | tr '\n' ' ') == 'true degraded ' ]]; }
wait_until 40 "status says that the ledger cannot be written" troubled
# What the ledger does not have is explained all the same.
explained() {
        expect_status 0 timeout 10 reevectl explain "$1" --json
        expect_equal "$(jq -r '.records[0].cgroup.path' <<<"$OUT")" "/bed/25/$2" "the record that explain $1 tells of"
}
explained last three
explained last~2 one
explained /bed/25/two two
explained "pid:$PID" three
explained "$(timeout 5 reevectl events --json -f 2>/dev/null | jq -r 'select(.type == "kill" and .cgroup.path == "/bed/25/two") | .id')" two

rm /var/lib/reeve/filler
kill -CONT "$(systemctl show -P MainPID systemd-journald.service)"
for id in "${ids[@]}"; do expect_kill "$id" 40; done
over() { [[ $(reevectl status --counters --json | jq -r .ledger.troubled) == false ]]; }
wait_until 40 "the trouble is over" over
expect_equal "$(reevectl kills --json | jq -r .id | sort | uniq -d | wc -l)" 0 "ids given twice"
settle
expect_no_kill "$(cg_id "$innocent")"
