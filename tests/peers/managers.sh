# What `tests/peers/run managers` plays in the guest: each OOM manager, as its package has it, ends a guilty one; Reeve names the
# manager, the victim and the victim's cgroup, and has one record of it. A calm neighbour lives and has none.
# shellcheck shell=bash
. /reeve/lib.sh
services=(earlyoom nohang oomd systemd-oomd)
# nohang-desktop comes with nohang, enabled: it would kill in everybody's stead.
systemctl stop "${services[@]}" nohang-desktop systemd-oomd.socket 2>/dev/null

# ---- their settings

earlyoom_configure() { echo 'EARLYOOM_ARGS="-r 0 -m 50,45"' >/etc/default/earlyoom; }
nohang_configure() {
        local file
        file=$(systemctl show -P ExecStart nohang.service | grep -o '/[^ ]*\.conf' | head -n 1)
        [[ -e $file ]] || fail "nohang.service names no configuration"
        sed -i 's/^warning_threshold_min_mem *=.*/warning_threshold_min_mem = 60 %/
                s/^soft_threshold_min_mem *=.*/soft_threshold_min_mem = 50 %/
                s/^hard_threshold_min_mem *=.*/hard_threshold_min_mem = 45 %/
                s/^post_action_gui_notifications *=.*/post_action_gui_notifications = False/' "$file"
}
oomd_configure() {
        mkdir -p /etc/oomd
        echo 'DAEMON_OPTS="--interval 1 --config /etc/oomd/oomd.json"' >/etc/default/oomd
        cat >/etc/oomd/oomd.json <<-OOMD
	{"rulesets": [{"name": "managers", "detectors": [["stalled", {"name": "pressure_above", "args":
	{"cgroup": "managers.slice/*", "resource": "memory", "threshold": "5", "duration": "2"}}]],
	"actions": [{"name": "kill_by_memory_size_or_growth", "args": {"cgroup": "managers.slice/*"}}]}]}
	OOMD
}
# It looks at what systemd manages alone: a slice whose children it may kill.
systemd_oomd_configure() {
        mkdir -p /run/systemd/system /etc/systemd/oomd.conf.d
        printf '[Slice]\nManagedOOMMemoryPressure=kill\nManagedOOMMemoryPressureLimit=5%%\n' >/run/systemd/system/managers.slice
        printf '[OOM]\nDefaultMemoryPressureDurationSec=2s\n' >/etc/systemd/oomd.conf.d/short.conf
        systemctl daemon-reload
}

# ---- the guilty and the calm

# big_one NAME COMMAND...: starts it beside a calm one; $GUILTY, $CALM, $DIR.
big_one() {
        local name=$1
        shift
        DIR=$(cg "managers/$name") CALM_DIR=$(cg "managers/$name-calm")
        spawn "$CALM_DIR" "$LOADS/hog" --quiet 10
        CALM=$PID
        spawn "$DIR" "$@"
        GUILTY=$PID
}
# stalled_one NAME [COMMAND]: over memory.high without swap it stalls, which is what oomd and systemd-oomd see; the latter only while
# pages are scanned, so that for it there must be files to drop.
stalled_one() {
        local calm=managers-$1-calm guilty=managers-$1-guilty
        systemd-run --quiet --collect --unit="$calm" --slice=managers.slice "$LOADS/hog" --quiet 10
        systemd-run --quiet --collect --unit="$guilty" --slice=managers.slice -p MemoryHigh=40M -p MemorySwapMax=0 bash -c "${2:-:;} exec $LOADS/hog --quiet 200"
        wait_until 20 "both run" systemctl is-active "$calm" "$guilty"
        DIR=$(unit_cg "$guilty.service") CALM_DIR=$(unit_cg "$calm.service")
        GUILTY=$(systemctl show -P MainPID "$guilty") CALM=$(systemctl show -P MainPID "$calm")
}

# told SERVICE SIGNAL: Reeve's one record of the guilty one's end.
told() {
        local service=$1 how=$2 id path record
        id=$ID path=$PATH_OF
        by_manager() { record=$(kills_of "$id"); [[ -n $record ]]; }
        wait_until 20 "a record of what $service did" by_manager
        [[ $(wc -l <<<"$record") == 1 ]] || fail "$service: one kill, but these records: $record"
        expect_equal "$(jq -r '[.killer, .killer_process.unit, .scope, .reason, .cgroup.path, ([.victims[].pid] | index('"$GUILTY"') != null | tostring)] | join(" ")' <<<"$record")" \
                "oom_manager $service.service none manager $path true" "what the record of $service says"
        gone "$CALM" && fail "$service: the calm one is dead"
        expect_equal "$(kills_of "$CALM_ID")" "" "records of the calm one beside $service"
        echo "| $service | $how | $(jq -r .killer_process.unit <<<"$record") | $(jq -r '.text' <<<"$record") |"
}
# played SERVICE HOW COMMAND...: COMMAND sets GUILTY, CALM, DIR.
played() {
        local service=$1 how=$2
        shift 2
        "${service//-/_}_configure"
        systemctl start "$service" || fail "$service does not start"
        wait_until 20 "$service runs" systemctl is-active "$service"
        sleep 2
        "$@"
        ID=$(cg_id "$DIR") PATH_OF=$(cg_path "$DIR") CALM_ID=$(cg_id "$CALM_DIR")
        ( wait_until 60 "$service ends the guilty one" gone "$GUILTY" ) || { journalctl -u "$service" -o cat -n 12 --no-pager; exit 1; }
        told "$service" "$how"
        systemctl stop "$service"
        kill "$CALM"
}

reeve_fresh
hog=("$LOADS/hog" --quiet --rate 100)
played earlyoom SIGTERM big_one earlyoom "${hog[@]}" 1300
played earlyoom 'SIGTERM, then SIGKILL' big_one earlyoom-deaf bash -c "trap '' TERM; exec ${hog[*]} 1300"
played nohang SIGTERM big_one nohang "${hog[@]}" 1300
played oomd SIGKILL stalled_one oomd
played systemd-oomd SIGKILL stalled_one systemd 'while :; do cat /usr/bin/* >/dev/null; done &'
