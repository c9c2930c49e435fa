#vm slow timeout=60
# A service in a restart loop, down by now, is one name. explain tells the levels above one whose cgroup went with it. Of a transient
# unit no drop-in is left. A limit that an administrator changed by hand stays when a share next to it follows the limit above.
reeve_fresh

systemd-run --quiet --unit=bed-loop -p Restart=always -p RestartSec=0 -p StartLimitIntervalSec=0 -p MemoryMax=6M -p MemorySwapMax=0 \
        "$LOADS/hog" 0
often() { [[ $(reevectl kills --json | jq -c 'select(.identity.unit == "bed-loop.service")' | wc -l) -ge 20 ]]; }
wait_until 20 "twenty kills of the loop" often
systemctl stop bed-loop
systemctl reset-failed bed-loop 2>/dev/null
down() { [[ ! -e $ROOT/system.slice/bed-loop.service ]] && reevectl kills --cgroup bed-loop.service --json >/dev/null; }
wait_until 10 "its name answers" down
n=$(reevectl kills --cgroup bed-loop.service --json | wc -l)
[[ $n -ge 20 ]] || fail "$n kills of bed-loop.service, by name"
expect_text "$(reevectl explain bed-loop.service)" 'OOM kill: hog .* of bed-loop.service'
expect_status 5 reevectl status bed-loop.service
systemctl restart reeved
expect_equal "$(reevectl kills --cgroup bed-loop.service --json | wc -l)" "$n" "kills by name, of what this reeved never saw"
expect_status 5 reevectl kills --cgroup bed-never.service
note "restarted $n times: one name"

printf '[Slice]\nMemoryMax=40M\nMemorySwapMax=0\n' >/run/systemd/system/bed-shared.slice
systemctl daemon-reload
systemd-run --quiet --slice=bed-shared.slice --unit=bed-small -p OOMScoreAdjust=1000 "$LOADS/hog" 0
killed() { reevectl kills --json | jq -e -s 'any(.[]; .identity.unit == "bed-small.service" and .ancestors != null)'; }
wait_until 15 "the kill below the slice is recorded whole" killed
expect_text "$(reevectl explain last)" 'of 40M .*/bed.slice/bed-shared.slice  <- this limit'

systemd-run --quiet --unit=bed-box -p MemoryMax=300M sleep 1000
systemd-run --quiet --unit=bed-other -p MemoryMax=300M sleep 1000
configure '[budget box]
Match=/system.slice/bed-*.service
MemoryMax=20%
MemoryHigh=100M'
box=$(unit_cg bed-box) other=$(unit_cg bed-other)
is() { [[ $(cat "$1") == "$2" ]]; }
wait_until 10 "the budget holds" is "$box/memory.high" 104857600
wait_until 10 "and of the other" is "$other/memory.high" 104857600
echo 90M >"$box/memory.high"
drifted() { records limit | jq -e -s 'any(.[]; .by == "other" and .key == "MemoryHigh")'; }
wait_until 10 "the drift is seen" drifted
echo 50M >"$other/memory.max"
drifted() { records limit | jq -e -s 'any(.[]; .by == "other" and .key == "MemoryMax")'; }
wait_until 10 "and that of a memory.max" drifted
settle
is "$box/memory.high" 94371840 || fail "what was set by hand went back: $(cat "$box/memory.high")"
compgen -G '/run/systemd/transient/bed-box.service.d/50-Memory*' >/dev/null || fail "systemd keeps its drop-ins elsewhere by now: this scenario proves nothing"
configure ''
wait_until 10 "its own limit is back" is "$box/memory.max" 314572800
no_dropins() { ! compgen -G '/run/systemd/transient/bed-*.d/50-Memory*'; }
wait_until 10 "its drop-ins are gone" no_dropins
expect_equal "$(systemctl show -P MemoryMax bed-box)" 314572800 "what systemd says"
