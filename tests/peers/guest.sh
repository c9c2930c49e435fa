# What tests/peers/run plays in the guest: one load a part, watched by Reeve in both tiers, by the two programs of this
# folder and, where it is theirs, by a runtime. Prints rows of a Markdown table, and what they rest on between them.
# shellcheck shell=bash
#
# The part is named in the file "part": cgroups mixed podman systemd slices containerd.
. /reeve/lib.sh
FILES=/reeve/files
SEEN=/tmp/seen
mkdir -p "$SEEN"
# The image has these enabled; none may kill or watch here unasked.
systemctl stop earlyoom nohang nohang-desktop oomd systemd-oomd.socket systemd-oomd containerd 2>/dev/null

# ---- observers

LOG_SOCKET=/run/reeve-log/reeve.sock
log_reevectl() { REEVE_SOCKET=$LOG_SOCKET reevectl "$@"; }
# A reeved beside the first, of its own ledger, that is held to the tier log.
log_reeved_start() {
        mkdir -p /tmp/log-configuration
        printf '[reeve]\nSource=log\n' >/tmp/log-configuration/reeve.conf
        systemd-run --quiet --collect --unit=reeve-log --service-type=notify -p OOMScoreAdjust=-1000 -p LimitMEMLOCK=infinity \
                reeved --config /tmp/log-configuration --state-directory /var/lib/reeve-log --runtime-directory /run/reeve-log ||
                fail "a second reeved does not start: $(journalctl -u reeve-log -o cat -n 5 --no-pager)"
        expect_equal "$(log_reevectl status --json | jq -r .tier)" log "the second reeved's tier"
}
log_reeved_stop() {
        systemctl stop reeve-log
        rm -rf /run/reeve-log /var/lib/reeve-log
}

# watch NAME COMMAND...: in the background, until watched_stop; returns when it is ready.
watch() {
        local name=$1
        shift
        "$@" >"$SEEN/$name" 2>"$SEEN/$name.err" &
        WATCHERS+=($!)
        wait_until 20 "$name is ready" grep -qx ready "$SEEN/$name"
}
observers_start() {
        WATCHERS=()
        reeve_fresh
        expect_equal "$(status .tier)" kprobe "reeved's tier"
        log_reeved_start
        watch inotify "$FILES/inotify-events" "$1"
        watch kmsg "$FILES/kmsg-oom"
        watch kmsg-lines "$FILES/kmsg-oom" --lines
        KILLS_BEFORE=$(vmstat oom_kill)
}
observers_stop() {
        KILLS=$(($(vmstat oom_kill) - KILLS_BEFORE))
        settled reevectl || fail "tier kprobe told of fewer than $KILLS kills: $(told reevectl)"
        settled log_reevectl || note "tier log told of $(told log_reevectl) of $KILLS kills, gaps included"
        # The others are as quick as they are; two equal readings are their end.
        local before=''
        until [[ $(cat "$SEEN"/* | cksum) == "$before" ]]; do
                before=$(cat "$SEEN"/* | cksum)
                sleep 3
        done
        kill "${WATCHERS[@]}"
        wait "${WATCHERS[@]}" 2>/dev/null
        reeve_seen reevectl >"$SEEN/kprobe"
        reeve_seen log_reevectl >"$SEEN/log"
        KPROBE_GAPS=$(gaps reevectl) LOG_GAPS=$(gaps log_reevectl)
        log_reeved_stop
        cat "$SEEN"/*.err
}
gaps() { "$1" events --json | jq -s 'map(select(.type == "gap") | .lost) | add // 0'; }
told() { "$1" events --json | jq -s 'map(select(.type == "kill") | .attempts) + map(select(.type == "gap") | .lost) | add // 0'; }
settled() {
        local deadline=$((SECONDS + 60))
        until [[ $(told "$1") -ge $KILLS ]]; do
                [[ $SECONDS -lt $deadline ]] || return 1
                sleep 2
        done
}
# A line a victim; where none is known, as many as the kernel killed.
reeve_seen() {
        "$1" events --json | jq -r 'select(.type == "kill") | . as $kill |
                if (.victims | length) > 0 then .victims[] | [$kill.boottime_usec, .pid, (if has("cgroup") then .cgroup else $kill.cgroup end)]
                else range(.attempts) | [$kill.boottime_usec, null, $kill.cgroup] end |
                [.[0], .[1] // "-", .[2].id // "-", .[2].path // "-"] | map(tostring) | join("\t")'
}
row() { "$FILES/score" "$LOAD" "$1" "$TRUTH" "$SEEN/$2" "${3:--}"; }
rows_of_all() {
        row "Reeve, tier kprobe" kprobe "$KPROBE_GAPS"
        row "Reeve, tier log" log "$LOG_GAPS"
        row "inotify on memory.events" inotify
        row "kernel log, as cAdvisor" kmsg
        row "kernel log, \"Killed process\" lines" kmsg-lines
}

# ---- loads that make their own cgroups

# play LOAD COUNT OPTIONS...: the truth load, and every row of it.
play() {
        local load=$1 count=$2 top
        shift 2
        top=$(cg peers)
        observers_start "$top"
        "$LOADS/truth" "$@" --out /tmp/truth "$top" "$count" || fail "the load itself failed"
        observers_stop
        TRUTH=/tmp/truth.rows
        jq -r 'select(.pid) | [.pid, .born_usec, .reaped_usec, .fate, (.cgroup // "-"), (.cgroup_path // "" | gsub("(?<b>..)"; "\\x\(.b)")), .kind] | map(tostring) | join("\t")' \
                /tmp/truth >"$TRUTH"
        LOAD=$load
        note "$KILLS kills by vmstat, $(jq -s '([.[] | select(.pid) | .reaped_usec] | max) - ([.[] | select(.pid) | .born_usec] | min) | . / 1000000' /tmp/truth) s"
        rows_of_all
}
part_cgroups() { play "cgroups removed at once, by 64" 400 --managers 64 --kinds own; }
part_mixed() { play "all kinds of kill, by 8" 150 --managers 8 --seed 7; }

# ---- loads that a runtime makes: what dies is known by its cgroup's path, below it whatever the runtime makes

truth_begins() {
        TRUTH=/tmp/truth.rows
        : >"$TRUTH"
        LOAD=$1
}
dies() { printf -- '-\t-\t-\toom\t-\t%s\t-\n' "$1" >>"$TRUTH"; }
saw() { printf '%s\t-\t-\t%s\n' "$(awk '{ printf "%.0f", $1 * 1000000 }' /proc/uptime)" "$2" >>"$SEEN/$1"; }
as_many_died() { expect_equal "$KILLS" "$(grep -c oom "$TRUTH")" "kills by vmstat and by the load"; }

# 20 containers at their limit; 5 that get a SIGKILL from podman, which is no OOM.
part_podman() {
        local n id
        modprobe overlay
        truth_begins "Podman containers"
        mkdir -p "$ROOT/machine.slice"
        systemctl start machine.slice
        observers_start "$ROOT/machine.slice"
        for n in {1..20}; do
                podman run --network none --memory 20m --cidfile "/tmp/cid-$n" --rootfs /opt/box tail /dev/zero >/dev/null 2>&1
                dies "/machine.slice/libpod-$(cat "/tmp/cid-$n").scope"
        done
        for n in {21..25}; do
                podman run -d --network none --memory 20m --cidfile "/tmp/cid-$n" --rootfs /opt/box sleep 1000 >/dev/null 2>&1
                podman kill -s KILL "$(cat "/tmp/cid-$n")" >/dev/null
        done
        observers_stop
        as_many_died
        : >"$SEEN/podman"
        for n in {1..25}; do
                id=$(cat "/tmp/cid-$n")
                [[ $(podman inspect --format '{{.State.OOMKilled}}' "$id") == true ]] && saw podman "/machine.slice/libpod-$id.scope"
        done
        note "exit codes: $(podman ps -a --format '{{.ExitCode}}' 2>/dev/null | sort | uniq -c | xargs)"
        row "Podman $(podman --version | awk '{ print $3 }'), State.OOMKilled" podman
        rows_of_all
        podman rm -af -t 0 >/dev/null 2>&1
}

# start_unit NAME OPTIONS... -- COMMAND
start_unit() {
        local name=$1
        shift
        systemd-run --quiet --no-block --unit="$name" "$@"
}
units_ended() { [[ -z $(systemctl list-units --no-legend --plain --state=active,activating,deactivating "$1") ]]; }
# What systemd says of units by their result, and by the entry in the journal.
systemd_rows() {
        local unit path
        : >"$SEEN/result"
        while IFS=$'\t' read -r unit path; do
                [[ $(systemctl show -P Result "$unit") == oom-kill ]] && saw result "$path"
        done <"/tmp/units"
        journalctl --sync
        journalctl -b -o json --output-fields=UNIT,__MONOTONIC_TIMESTAMP MESSAGE_ID=fe6faa94e7774663a0da52717891d8ef --no-pager |
                jq -r --arg like "$1" 'select(.UNIT | test($like)) | .__MONOTONIC_TIMESTAMP + "\t" + .UNIT' >/tmp/entries
        : >"$SEEN/entries"
        while IFS=$'\t' read -r usec unit; do
                path=$(awk -F '\t' -v u="$unit" '$1 == u { print $2 }' /tmp/units)
                printf '%s\t-\t-\t%s\n' "$usec" "${path:-$(slice_path "$unit")}" >>"$SEEN/entries"
        done </tmp/entries
        row "systemd $(systemctl --version | awk 'NR == 1 { print $2 }'), Result=oom-kill" result
        row "systemd, the journal's entry" entries
        rows_of_all
}
# a-b.slice lies in a.slice.
slice_path() {
        local name=${1%.slice} path='' part=''
        for part in ${name//-/ }; do
                path=$path/${part_so_far:+$part_so_far-}$part.slice
                part_so_far=${part_so_far:+$part_so_far-}$part
        done
        unset part_so_far
        printf '%s\n' "$path"
}

# 40 services at their own limit, of which every second lets a child die and lives on for a while; 10 killed by SIGKILL.
part_systemd() {
        local n
        truth_begins "systemd services, own limit"
        : >/tmp/units
        observers_start "$ROOT/system.slice"
        for n in {1..40}; do
                if ((n % 2)); then
                        start_unit "bed-own-$n" -p MemoryMax=8M -p MemorySwapMax=0 "$LOADS/hog" 0
                else
                        start_unit "bed-own-$n" -p MemoryMax=8M -p MemorySwapMax=0 bash -c "$LOADS/hog 0; sleep 0.2"
                fi
                dies "/system.slice/bed-own-$n.service"
                printf '%s\t%s\n' "bed-own-$n.service" "/system.slice/bed-own-$n.service" >>/tmp/units
        done
        for n in {41..50}; do
                start_unit "bed-own-$n" bash -c 'kill -9 $$'
                printf '%s\t%s\n' "bed-own-$n.service" "/system.slice/bed-own-$n.service" >>/tmp/units
        done
        wait_until 60 "all services end" units_ended 'bed-own-*'
        observers_stop
        as_many_died
        systemd_rows '^bed-own'
}

# 20 slices with a limit, in each a service that hogs and one that sleeps.
part_slices() {
        local n path
        truth_begins "systemd services, limit of their slice"
        : >/tmp/units
        mkdir -p /run/systemd/system
        for n in {1..20}; do
                printf '[Slice]\nMemoryMax=8M\nMemorySwapMax=0\n' >"/run/systemd/system/bed-s$n.slice"
        done
        systemctl daemon-reload
        systemctl start bed.slice
        observers_start "$ROOT/bed.slice"
        for n in {1..20}; do
                path=/bed.slice/bed-s$n.slice
                start_unit "bed-quiet-$n" --slice="bed-s$n.slice" sleep 1000
                start_unit "bed-hog-$n" --slice="bed-s$n.slice" "$LOADS/hog" 0
                dies "$path/bed-hog-$n.service"
                printf '%s\t%s\n' "bed-hog-$n.service" "$path/bed-hog-$n.service" "bed-quiet-$n.service" "$path/bed-quiet-$n.service" >>/tmp/units
        done
        wait_until 60 "all hogs end" units_ended 'bed-hog-*'
        observers_stop
        as_many_died
        systemd_rows '^bed'
}

# 20 containers at their limit; 5 killed by ctr.
part_containerd() {
        local n
        modprobe overlay
        truth_begins "containerd containers"
        systemctl start containerd || fail "containerd does not start: $(journalctl -u containerd -o cat -n 5 --no-pager)"
        wait_until 30 "ctr reaches containerd" ctr version
        mkdir -p "$ROOT/peers"
        echo +memory >"$ROOT/cgroup.subtree_control"
        observers_start "$ROOT/peers"
        ctr events >/tmp/ctr-events 2>&1 &
        for n in {1..20}; do
                ctr run --rm --rootfs --null-io --cgroup "/peers/c$n" --memory-limit $((20 << 20)) /opt/box "c$n" /bin/tail /dev/zero >/tmp/ctr.log 2>&1
                dies "/peers/c$n"
        done
        for n in {21..25}; do
                ctr run -d --rootfs --null-io --cgroup "/peers/c$n" --memory-limit $((20 << 20)) /opt/box "c$n" /bin/sleep 1000 >/tmp/ctr.log 2>&1
                ctr tasks kill -s KILL "c$n"
        done
        observers_stop
        note "last ctr: $(tail -n 1 /tmp/ctr.log)"
        note "topics: $(awk '{ print $6 }' /tmp/ctr-events | sort | uniq -c | xargs)"
        as_many_died
        : >"$SEEN/containerd"
        while read -r n; do
                saw containerd "/peers/$n"
        done < <(sed -n 's|.* /tasks/oom {"container_id":"\([^"]*\)"}.*|\1|p' /tmp/ctr-events)
        row "containerd $(containerd --version | awk '{ print $3 }'), TaskOOM" containerd
        rows_of_all
        kill %% 2>/dev/null
}

"part_$(cat "$FILES/part")"
