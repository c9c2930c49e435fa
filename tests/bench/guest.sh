# What tests/bench/run measures in the guest, a part a boot. Prints rows of Markdown tables, and notes between them.
# shellcheck shell=bash
#
# The part is named in the file "part": latency storm cost idle-0 idle-100 idle-1000 idle-10000 rules-CGROUPS-RULES.
. /reeve/lib.sh
FILES=/reeve/files
TRACE=/sys/kernel/tracing
# The image has these enabled; each is started where it is measured.
systemctl stop earlyoom nohang oomd systemd-oomd.socket systemd-oomd containerd 2>/dev/null

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "-" }'; }
# percentile P FILE: of the numbers in it.
percentile() { sort -n "$2" | awk -v p="$1" '{ v[NR] = $1 } END { i = int(NR * p / 100 + 0.999); print v[i < 1 ? 1 : i] }'; }
msec() { awk -v n="$1" 'BEGIN { printf "%.2f", n / 1000000 }'; }
# begin NAME COMMAND...: in the background; returns when it has said that it is ready. Its pid is $STARTED.
begin() {
        local name=$1
        shift
        "$@" >"/tmp/$name" 2>&1 &
        STARTED=$!
        wait_until 20 "$name is ready: $(cat "/tmp/$name")" grep -qx ready "/tmp/$name"
}

# settled: reeved has recorded what happened before it was started, from the rings or the kernel log, and commits nothing more.
settled() {
        local inserted=''
        quiet() {
                local before=$inserted
                sleep 3
                inserted=$(reevectl status --counters --json | jq .ledger.inserted)
                [[ $inserted == "$before" ]]
        }
        wait_until 60 "reeved has recorded the past" quiet
        expect_equal "$(status .tier)" kprobe "the tier"
}

# ---- latency: from the OOM killer's end, by the ring's stamp, to whoever asks

# An instance of tracing that has the end mark of Reeve's own probe, on the boot clock; $CLOCK, $MARK.
clock_make() {
        local event
        event=$(echo "$TRACE"/events/reeve_*/done_*)
        [[ -d $event ]] || fail "there is no probe of Reeve's for the end of an OOM"
        MARK=${event#"$TRACE/events/"}
        CLOCK=$TRACE/instances/bench
        mkdir -p "$CLOCK"
        echo boot >"$CLOCK/trace_clock"
        # As Reeve has it: poll() returns at the first event.
        echo 0 >"$CLOCK/buffer_percent" 2>/dev/null
        echo 1 >"$CLOCK/events/$MARK/enable"
}
clock_remove() {
        echo 0 >"$CLOCK/events/$MARK/enable"
        rmdir "$CLOCK"
}
single_kills() { "$LOADS/storm" --max 1M --pause 100000 "$TOP" "$1" >/tmp/kills || fail "the load failed"; }
# Rounds by turns, so that what the machine does meanwhile meets both.
bare_round() {
        systemctl stop reeved.service reeved.socket
        : >"$CLOCK/trace"
        begin ring "$FILES/ring-clock" "$CLOCK" "$MARK"
        single_kills "$1"
        sleep 1
        kill "$STARTED"
        sed 1d /tmp/ring | awk '{ printf "%d\n", $1 - $3 }' >>/tmp/bare.nsec
}
reeve_round() {
        reeve_start
        settled
        : >"$CLOCK/trace"
        begin follow "$FILES/follow-clock"
        single_kills "$1"
        sleep 1
        kill "$STARTED"
        # "  storm-123  [000] .....  12.345678: done_...": the mark was made in the context of the victim, which was its own killer.
        sed -n 's/^.*-\([0-9]*\) *\[[0-9]*\] [^ ]* *\([0-9]*\)\.\([0-9]*\): done_.*$/\1 \2\3000/p' "$CLOCK/trace" >/tmp/marks
        awk 'NR == FNR { mark[$1] = $2; next } FNR > 1 && $2 in mark { printf "%d\n", $1 - mark[$2] }' /tmp/marks /tmp/follow >>/tmp/reeve.nsec
}
part_latency() {
        local round
        TOP=$(cg bench)
        reeve_fresh
        settled
        clock_make
        : >/tmp/bare.nsec
        : >/tmp/reeve.nsec
        for round in 1 2; do
                bare_round 100
                reeve_round 100
        done
        note "readings: bare $(wc -l </tmp/bare.nsec), Reeve $(wc -l </tmp/reeve.nsec)"
        local bare50 bare99 reeve50 reeve99
        bare50=$(percentile 50 /tmp/bare.nsec) bare99=$(percentile 99 /tmp/bare.nsec)
        reeve50=$(percentile 50 /tmp/reeve.nsec) reeve99=$(percentile 99 /tmp/reeve.nsec)
        echo "| median | $(msec "$bare50") | $(msec "$reeve50") | $(ratio "$reeve50" "$bare50") |"
        echo "| 99th of 100 | $(msec "$bare99") | $(msec "$reeve99") | $(ratio "$reeve99" "$bare99") |"
        echo "rings: $(reevectl status --counters --json | jq -r '"\(.kernel_bytes / 1024) KiB of kernel memory for probes and rings: " +
                ([.rings[] | "\(.name) \(.size_bytes / 1024) KiB on CPU \(.cpu)"] | join(", "))')"
        clock_remove
}

# ---- a storm: kills a second, and what is missing

# storm_round: the seconds that 500 kills by 64 managers take.
storm_round() {
        "$LOADS/truth" --managers 64 --kinds own --out /tmp/truth "$TOP" 500 >/dev/null || fail "the load failed"
        SECONDS_TAKEN=$(jq -s '([.[] | select(.pid) | .reaped_usec] | max) - ([.[] | select(.pid) | .born_usec] | min) | . / 1000000' /tmp/truth)
        LAST_NSEC=$(jq -s '[.[] | select(.pid) | .reaped_usec] | max | . * 1000' /tmp/truth)
}
part_storm() {
        local round without with lost late
        TOP=$(cg bench)
        for round in 1 2; do
                reeve_remove
                storm_round
                without=$SECONDS_TAKEN
                reeve_fresh
                settled
                begin follow "$FILES/follow-clock"
                storm_round
                with=$SECONDS_TAKEN
                complete() { [[ $(reevectl status --counters --json | jq .attributed) == 500 ]] && [[ $(wc -l </tmp/follow) -gt 500 ]]; }
                wait_until 30 "500 records: $(reevectl status --counters --json)" complete
                kill "$STARTED"
                lost=$(reevectl status --counters --json | jq '[.unattributed[]] | add')
                late=$(awk -v last="$LAST_NSEC" 'END { printf "%.2f", ($1 - last) / 1000000000 }' /tmp/follow)
                echo "| $round | $(ratio 500 "$without") | $(ratio 500 "$with") | $(ratio "$without" "$with") | $lost | $(reevectl status --counters --json | jq '[.rings[] | select(.name == "kills") | .overruns + .drops] | add') | $late |"
        done
}

# ---- cost: what the probes add to what they see

measure() {
        local state=$1
        for _ in {1..5}; do
                "$FILES/cost" fork 200 >>"/tmp/cost.fork.$state" && "$FILES/cost" mkdir 200 "$TOP" >>"/tmp/cost.mkdir.$state" &&
                        "$FILES/cost" kill 7 "$TOP" >>"/tmp/cost.kill.$state" || fail "the measure itself failed"
        done
}
part_cost() {
        local what file none probes reeve
        TOP=$(cg bench)
        echo +memory >"$TOP/cgroup.subtree_control"
        rm -f /tmp/cost.*
        for _ in {1..4}; do
                reeve_remove
                measure none
                reeve_fresh
                settled
                measure reeve
                # A stop leaves probes and rings in place.
                systemctl stop reeved.service reeved.socket
                [[ -n $(ls "$TRACE/instances") ]] || fail "the stop took the probes away"
                measure probes
        done
        # What the emulator's host takes away can only add: the least is what the operation costs.
        for what in fork:"fork, exit, wait" mkdir:"mkdir, rmdir of a cgroup" kill:"an OOM kill, clone to wait"; do
                file=/tmp/cost.${what%%:*}
                none=$(percentile 0 "$file.none") probes=$(percentile 0 "$file.probes") reeve=$(percentile 0 "$file.reeve")
                echo "| ${what#*:} | $((none / 1000)) | $((probes / 1000)) | $((reeve / 1000)) | $(ratio "$probes" "$none") | $(ratio "$reeve" "$none") |"
                note "${what%%:*}, medians: $(percentile 50 "$file.none") $(percentile 50 "$file.probes") $(percentile 50 "$file.reeve") ns of $(wc -l <"$file.none")"
        done
}

# ---- idle: all of them side by side, nothing happens

main_pid() { systemctl show -P MainPID "$1"; }
switches() { cat "/proc/$1/task"/*/status | awk '/_ctxt_switches/ { n += $2 } END { print n }'; }
on_cpu() { cat "/proc/$1/task"/*/schedstat | awk '{ n += $1 } END { printf "%.0f", n }'; }
pss() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"; }
# Each holds a cgroup's inode in the kernel's memory.
inotify_watches() { cat "/proc/$1/fdinfo"/* | grep -c '^inotify wd'; }
# start_timed UNIT: milliseconds until systemd calls it started; for those that notify, until they are ready.
start_timed() {
        local start=${EPOCHREALTIME/./}
        systemctl start "$1" || fail "$1 does not start"
        STARTED_MSEC=$(((${EPOCHREALTIME/./} - start) / 1000))
}
# Each watches the cgroups of this slice, where it can watch any.
idle_configure() {
        mkdir -p /etc/oomd /run/systemd/system
        printf '[Slice]\nManagedOOMMemoryPressure=kill\nManagedOOMMemoryPressureLimit=60%%\n' >/run/systemd/system/bench.slice
        cat >/etc/oomd/oomd.json <<-OOMD
	{"rulesets": [{"name": "bench", "detectors": [["pressure", {"name": "pressure_above", "args":
	{"cgroup": "bench.slice/*", "resource": "memory", "threshold": "60", "duration": "30"}}]],
	"actions": [{"name": "kill_by_memory_size_or_growth", "args": {"cgroup": "bench.slice/*"}}]}]}
	OOMD
        systemctl daemon-reload
        systemctl start bench.slice
}
idle() {
        local count=$1 window=100 n unit kept
        declare -A pid=() started=() before=() cpu=() name=([reeved]=Reeve [systemd-oomd]=systemd-oomd [oomd]=oomd [earlyoom]=earlyoom [nohang]=nohang)
        reeve_remove
        idle_configure
        for ((n = 0; n < count; n++)); do mkdir "$ROOT/bench.slice/c$n"; done
        [[ $count == 0 ]] || echo +memory >"$ROOT/bench.slice/cgroup.subtree_control"
        local units=(reeved systemd-oomd oomd earlyoom nohang)
        for unit in "${units[@]}"; do
                start_timed "$unit"
                started[$unit]=$STARTED_MSEC
                pid[$unit]=$(main_pid "$unit")
                [[ ${pid[$unit]} -gt 1 ]] || fail "$unit does not run: $(journalctl -u "$unit" -o cat -n 5 --no-pager)"
        done
        # What the starts left to do shall be over.
        quiet() { kept=$(switches "${pid[reeved]}"); sleep 5; [[ $(switches "${pid[reeved]}") == "$kept" ]]; }
        wait_until 60 "reeved is quiet" quiet
        for unit in "${units[@]}"; do
                before[$unit]=$(switches "${pid[$unit]}")
                cpu[$unit]=$(on_cpu "${pid[$unit]}")
        done
        sleep "$window"
        for unit in "${units[@]}"; do
                n=$(($(on_cpu "${pid[$unit]}") - ${cpu[$unit]}))
                case $unit in reeved | systemd-oomd) kept=${started[$unit]} ;; *) kept=- ;; esac
                echo "| $count | ${name[$unit]} | $(($(switches "${pid[$unit]}") - ${before[$unit]})) | $(msec "$n") | $(pss "${pid[$unit]}") | $(inotify_watches "${pid[$unit]}") | $kept |"
        done
        note "cgroups that reeved knows: $(status .cgroups); window $window s"
}

# ---- rules: what it costs to watch many that are idle, and a few that are not

# So many rules that match all: half of them need a stall besides.
rules_text() {
        local n
        for ((n = 0; n < $1; n++)); do
                printf '[rule r%d]\nMatch=/bed/rules/*\nWhen=unreclaimable > %d%%\nThen=notify\n' "$n" $((85 + n % 14))
                ((n % 2)) || printf 'When=memory.full over 10s > %d%%\n' $((20 + n % 50))
        done
}
# Each swings between a third and two thirds of its limit.
rules_heat() {
        local n dir
        for ((n = $1; n < $2; n++)); do
                dir=$TOP/c$n
                echo 48M >"$dir/memory.max"
                spawn "$dir" "$LOADS/hog" --quiet --swing 16 16
        done
}
rules_row() {
        local pid cpu before seconds=10
        pid=$(reeve_pid)
        cpu=$(on_cpu "$pid") before=$(switches "$pid")
        sleep "$seconds"
        echo "| $1 | $2 | $3 | $(msec $((($(on_cpu "$pid") - cpu) / seconds))) | $((($(switches "$pid") - before) / seconds)) | $(pss "$pid") |"
}
rules() {
        local count=$1 rules=$2
        TOP=$(cg rules)
        echo +memory >"$TOP/cgroup.subtree_control"
        seq -f "$TOP/c%.0f" 0 $((count - 1)) | xargs mkdir
        reeve_fresh "$(rules_text "$rules")"
        matched() { [[ $(reevectl status --counters --json | jq .rule_matches) == $((count * rules)) ]]; }
        wait_until 60 "reeved knows all of them" matched
        # Each is read once.
        read_once() { local n; n=$(on_cpu "$(reeve_pid)"); sleep 3; [[ $(($(on_cpu "$(reeve_pid)") - n)) -lt 600000000 ]]; }
        wait_until 60 "all have been read" read_once
        rules_row "$count" "$rules" 0
        rules_heat 0 10
        sleep 3
        rules_row "$count" "$rules" 10
        rules_heat 10 50
        sleep 3
        rules_row "$count" "$rules" 50
        expect_equal "$(records verdict)" "" "no verdict"
}

part=$(cat "$FILES/part")
case $part in
rules-*-*) n=${part#rules-} && rules "${n%-*}" "${n#*-}" ;;
idle-*) idle "${part#idle-}" ;;
*) "part_$part" ;;
esac
