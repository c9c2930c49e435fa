# What tests/peers/rescue plays in the guest: the load named in the file "part", before Reeve and each of its peers in turn, every one
# of them set up as its manual advises for a small machine. Prints rows of a Markdown table.
# shellcheck shell=bash
#
# All cgroups of a load lie in bed.slice, which systemd-oomd and oomd are told to manage; earlyoom and nohang look at processes of
# the whole host. The innocent one holds 60 MB, more than any of the small ones, and touches them all the time.
. /reeve/lib.sh
# The image has these enabled; each is started where it is measured.
systemctl stop earlyoom nohang nohang-desktop oomd systemd-oomd.socket systemd-oomd containerd 2>/dev/null
RESCUERS=(reeved systemd-oomd oomd earlyoom nohang)
declare -A RESCUER_NAME=([reeved]=Reeve [systemd-oomd]=systemd-oomd [oomd]=oomd [earlyoom]=earlyoom [nohang]=nohang)
SLICE=$ROOT/bed.slice

rescue_configure() {
        mkdir -p /etc/oomd /run/systemd/system /etc/systemd/oomd.conf.d /etc/reeve/policies.d
        printf '[Slice]\nManagedOOMSwap=kill\nManagedOOMMemoryPressure=kill\nManagedOOMMemoryPressureLimit=40%%\n' >/run/systemd/system/bed.slice
        printf '[OOM]\nSwapUsedLimit=90%%\nDefaultMemoryPressureDurationSec=5s\n' >/etc/systemd/oomd.conf.d/bed.conf
        cat >/etc/oomd/oomd.json <<-'OOMD'
	{"rulesets": [
	{"name": "pressure", "detectors": [["full", {"name": "pressure_above", "args":
	{"cgroup": "bed.slice", "resource": "memory", "threshold": "40", "duration": "5"}}]],
	"actions": [{"name": "kill_by_memory_size_or_growth", "args": {"cgroup": "bed.slice/*"}}]},
	{"name": "low swap", "detectors": [["swap", {"name": "swap_free", "args": {"threshold_pct": "10"}}]],
	"actions": [{"name": "kill_by_swap_usage", "args": {"cgroup": "bed.slice/*"}}]}]}
	OOMD
        printf '[reeve]\nKillLimit=100 per 1h\n' >/etc/reeve/reeve.conf
        cat >/etc/reeve/policies.d/95-host.conf <<-'RULES'
	[rule host-memory]
	Enabled=yes
	[rule host-swap]
	Enabled=yes
	[rule host-pressure]
	Enabled=yes
	[rule stuck]
	Match=/bed.slice/*
	When=livelock for 1s
	Then=kill
	RULES
        systemctl daemon-reload
        systemctl start bed.slice
        echo +memory >"$ROOT/cgroup.subtree_control"
}
now_msec() { echo $((${EPOCHREALTIME/./} / 1000)); }
bed_cg() {
        mkdir -p "$SLICE/$1"
        echo +memory >"$SLICE/cgroup.subtree_control" 2>/dev/null
        printf '%s\n' "$SLICE/$1"
}
bed_clear() {
        local dir
        for dir in "$SLICE"/*/; do
                xargs -r kill -9 <"$dir/cgroup.procs" 2>/dev/null
        done
        for dir in "$SLICE"/*/; do
                until rmdir "$dir" 2>/dev/null || [[ ! -d $dir ]]; do sleep 0.05; done
        done
        swapoff -a
        echo 3 >/proc/sys/vm/drop_caches
}
swap_on() {
        [[ -e /var/tmp/bed-swap ]] || { dd if=/dev/zero of=/var/tmp/bed-swap bs=1M count=192 status=none; chmod 600 /var/tmp/bed-swap; mkswap -q /var/tmp/bed-swap; }
        swapon /var/tmp/bed-swap
}

# rescue_load LOAD: sets GUILTY, the cgroups that end the shortage by their end.
rescue_load() {
        local n dir
        dir=$(bed_cg guilty)
        GUILTY=("$dir")
        case $1 in
        slow) spawn "$dir" "$LOADS/hog" --quiet --rate 40 0 ;;
        fast) spawn "$dir" "$LOADS/hog" --quiet 0 ;;
        cache)
                # Nearly all of the memory, and a reader of more than is left: nothing is free, and nothing is killed.
                spawn "$dir" "$LOADS/hog" --quiet $(($(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo) - 40))
                spawn "$dir" bash -c 'while :; do cat /var/tmp/bed-file >/dev/null; done'
                ;;
        livelock)
                echo 48M >"$dir/memory.high"
                spawn "$dir" "$LOADS/hog" --quiet 0
                ;;
        deaf)
                spawn "$dir" bash -c "trap '' TERM; exec $LOADS/hog --quiet --rate 60 $(($(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo) - 30))"
                ;;
        many)
                GUILTY=()
                for n in {1..52}; do
                        dir=$(bed_cg "small-$n")
                        GUILTY+=("$dir")
                        spawn "$dir" "$LOADS/hog" --quiet --rate 1 0
                done
                ;;
        esac
}
ended() {
        local dir
        for dir in "${GUILTY[@]}"; do
                grep -qx 'populated 0' "$dir/cgroup.events" && printf '%s\n' "${dir##*/}"
        done
}
# Of many: so many are gone that the rest fits for a while. Of one: it is gone.
relieved() { [[ $(ended | wc -l) -ge $1 ]]; }

# rescue LOAD UNIT: one row.
rescue() {
        local load=$1 unit=$2 dir start relief=never kills innocent=alive stall wanted=1 seconds=20
        [[ $load == many ]] && wanted=16
        [[ $load == slow ]] && seconds=40 && swap_on
        dir=$(bed_cg innocent)
        spawn "$dir" "$LOADS/hog" --quiet --swing 1 60
        local innocent_pid=$PID
        settled_in() { [[ $(<"$dir/memory.current") -gt 60000000 ]]; }
        wait_until 20 "the innocent one has its memory" settled_in
        note "$(awk '{ print int($1) }' /proc/uptime) s: starting $unit"
        systemctl start "$unit" || fail "$unit does not start"
        sleep 2
        note "$(awk '{ print int($1) }' /proc/uptime) s: ${RESCUER_NAME[$unit]} watches"
        kills=$(vmstat oom_kill) stall=$(awk '/^full/ { sub(/.*=/, ""); print }' "$dir/memory.pressure")
        start=$(now_msec)
        rescue_load "$load"
        until relieved "$wanted"; do
                [[ $(now_msec) -lt $((start + seconds * 1000)) ]] || break
                gone "$innocent_pid" && innocent=killed
                sleep 0.1
        done
        relieved "$wanted" && relief=$(awk -v n="$(($(now_msec) - start))" 'BEGIN { printf "%.1f", n / 1000 }')
        gone "$innocent_pid" && innocent=killed
        stall=$(($(awk '/^full/ { sub(/.*=/, ""); print }' "$dir/memory.pressure") - stall))
        echo "| $load | ${RESCUER_NAME[$unit]} | $relief | $(ended | wc -l) of ${#GUILTY[@]} | $innocent | $(($(vmstat oom_kill) - kills)) | $((stall / 1000)) |"
        systemctl stop "$unit" reeved.socket systemd-oomd.socket 2>/dev/null
        journalctl -b -u "$unit" -o cat --since=-60s --no-pager | grep -iE 'kill|terminat|sigterm' | tail -n 3 | sed "s/^/  ${RESCUER_NAME[$unit]}: /" | cut -c1-200
        bed_clear
}

read -r load units </reeve/files/part
# shellcheck disable=SC2206
[[ -z $units ]] || RESCUERS=($units)
rescue_configure
[[ $load == cache ]] && head -c 120M /dev/urandom >/var/tmp/bed-file
for unit in "${RESCUERS[@]}"; do rescue "$load" "$unit"; done
:
