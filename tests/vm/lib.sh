# What scenarios share. Sourced in the guest, as root. Waits are for conditions with a deadline, never for a time.
# shellcheck shell=bash
#
# A scenario ends by falling off its end (passed), by fail (1) or by skip (77). Heads: "#vm memory=256M append=psi=0
# timeout=90 slow own-boot idle", each on need. Cgroups of a scenario live below $BED and go with it.

ROOT=/sys/fs/cgroup
BED=$ROOT/bed
LOADS=/reeve/loads
FLAG=/run/reeve-bed-shared
# REEVE_SEED and the like, where whoever started the machine has set them.
# shellcheck source=/dev/null
[[ ! -e /reeve/settings ]] || . /reeve/settings

note() { printf '  %s\n' "$*"; }
fail() {
        printf 'FAIL: %s\n' "$*"
        local depth=0 line
        while line=$(caller "$depth"); do
                printf '      at %s\n' "$line"
                depth=$((depth + 1))
        done | grep -v 'lib.sh$' | head -n 3
        if systemctl is-active --quiet reeved.service; then
                printf '      status: %s\n' "$(timeout 5 reevectl status --counters --json 2>&1 | head -c 1500)"
        else
                printf '      reeved.service is %s\n' "$(systemctl is-active reeved.service)"
        fi
        journalctl -b -u reeved.service -o cat -n 12 --no-pager 2>/dev/null | sed 's/^/      reeved: /'
        # Once more at the end, which is what is seen of a long log.
        printf 'FAIL: %s\n' "$(head -n 3 <<<"$*")"
        exit 1
}
skip() { printf 'SKIP: %s\n' "$*"; exit 77; }

# Deadlines are only met by what fails; on a machine with much else to do the guest is several times slower.
PATIENCE=3

# wait_until SECONDS WHAT COMMAND...: polls COMMAND (a function or a program) until it succeeds; fails with WHAT at the deadline.
wait_until() {
        local deadline=$((SECONDS + $1 * PATIENCE)) what=$2
        shift 2
        until "$@" >/dev/null 2>&1; do
                [[ $SECONDS -lt $deadline ]] || fail "not within the time allowed: $what"
                sleep 0.05
        done
}

# ---- kernel
kernel_at_least() { printf '%s\n%s\n' "$1" "$(uname -r)" | sort -V -C; }
vmstat() { awk -v k="$1" '$1 == k { print $2 }' /proc/vmstat; }

# ---- cgroups
# cg DIR [FILE=VALUE]...: makes a cgroup below $BED (DIR is relative to it) with the memory controller, prints its directory.
cg() {
        local dir=$BED part=$ROOT rest
        [[ $1 == /* ]] && fail "cg wants a name below $BED"
        rest="bed/$1"
        while [[ -n $rest ]]; do
                echo +memory >"$part/cgroup.subtree_control" 2>/dev/null
                part=$part/${rest%%/*}
                mkdir -p "$part" || fail "mkdir $part"
                [[ $rest == */* ]] && rest=${rest#*/} || rest=
        done
        dir=$part
        shift
        local setting
        for setting in "$@"; do
                printf '%s' "${setting#*=}" >"$dir/${setting%%=*}" || fail "$dir/${setting%%=*}: cannot write ${setting#*=}"
        done
        printf '%s\n' "$dir"
}
cg_id() { stat -c %i "$1"; }
cg_path() { printf '%s\n' "${1#"$ROOT"}"; }
cg_event() { awk -v k="$2" '$1 == k { print $2 }' "$1/memory.events"; }
cg_empty() { grep -qx 'populated 0' "$1/cgroup.events"; }
unit_cg() { printf '%s%s\n' "$ROOT" "$(systemctl show -P ControlGroup "$1")"; }

# spawn DIR COMMAND...: COMMAND in DIR from its first instruction on, with oom_score_adj 0; its pid in $PID.
spawn() { PID=$("$LOADS/spawn" "$@" 2>/dev/null </dev/null) || fail "spawn $*"; }
gone() { [[ ! -e /proc/$1 || $(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) == [ZX] ]]; }
# hog_to_death DIR [HOG OPTIONS]: a hog without end in DIR; returns when it is dead, at most $HOG_WAIT seconds (30) later.
# $PID and $ID (of the cgroup) are set.
hog_to_death() {
        local dir=$1
        shift
        ID=$(cg_id "$dir")
        spawn "$dir" "$LOADS/hog" "$@" 0
        wait_until "${HOG_WAIT:-30}" "the kernel kills the hog in $dir" gone "$PID"
}

# swap_have MEGABYTES: a swap file of so much; it goes with the scenario. Skips where none can be had.
swap_have() {
        rm -f /var/tmp/bed-swap
        dd if=/dev/zero of=/var/tmp/bed-swap bs=1M count="$1" status=none && chmod 600 /var/tmp/bed-swap && mkswap -q /var/tmp/bed-swap &&
                swapon /var/tmp/bed-swap || skip "no swap can be had"
}

# ---- the daemon
# reeve_fresh [CONFIGURATION TEXT]: an empty ledger, this configuration alone, and reeved started and ready.
reeve_fresh() {
        reeve_remove
        mkdir -p /etc/reeve
        [[ $# -gt 0 ]] && printf '%s\n' "$1" >/etc/reeve/reeve.conf
        reeve_start
}
reeve_start() {
        systemctl reset-failed reeved.service 2>/dev/null
        systemctl start reeved.service || fail "reeved.service does not start"
        wait_until 20 "reevectl status answers" reevectl status --json
}
reeve_remove() {
        rm -f "$FLAG"
        systemctl stop reeved.service reeved.socket 2>/dev/null
        command -v reeved >/dev/null && reeved --uninstall >/dev/null 2>&1
        systemctl stop reeve-groups.service 2>/dev/null
        rm -rf /etc/reeve /run/reeve/* /var/lib/reeve/*
}
# reeve_shared: the reeved of the scenarios before with the default configuration, or a fresh one.
reeve_shared() {
        if [[ -e $FLAG ]] && systemctl is-active --quiet reeved.service; then
                return
        fi
        reeve_fresh
        touch "$FLAG"
}
reeve_pid() { systemctl show -P MainPID reeved.service; }
# reeve_crash: SIGKILL to reeved; returns when systemd has started the next one.
reeve_crash() {
        local old
        old=$(reeve_pid)
        [[ ${old:-0} -gt 1 ]] && kill -9 "$old" || fail "there is no reeved to kill"
        restarted() { local now; now=$(reeve_pid); [[ $now != 0 && $now != "$old" ]] && systemctl is-active --quiet reeved.service; }
        wait_until 40 "systemd starts reeved again" restarted
}
# configure TEXT: replaces the configuration and reloads; fails if Reeve refuses it.
configure() {
        mkdir -p /etc/reeve
        printf '%s\n' "$1" >/etc/reeve/reeve.conf
        reevectl reload || fail "reevectl reload refused: $1"
}

# ---- records
# kills_of ID: the kill records whose victim's cgroup is ID, one a line, joined with what arrived later.
kills_of() { reevectl kills --json | jq -c --arg id "$1" 'select((.cgroup.id | tostring) == $id)'; }
# kills_below PATH: the kill records whose victim's cgroup has this path or one below it: what is read back from a log has no id.
kills_below() { reevectl kills --json | jq -c --arg path "$1" 'select((.cgroup.path // "") | . == $path or startswith($path + "/"))'; }
kills_count() { kills_of "$1" | wc -l; }
kills_are() { [[ $(kills_count "$1") == "$2" ]]; }
kills_at_least() { [[ $(kills_count "$1") -ge $2 ]]; }
# expect_kill ID: exactly one record for this cgroup; it is in $RECORD.
expect_kill() {
        wait_until "${2:-15}" "a kill record for cgroup $1" kills_at_least "$1" 1
        RECORD=$(kills_of "$1")
        [[ $(wc -l <<<"$RECORD") == 1 ]] || fail "one kill, but $(wc -l <<<"$RECORD") records: $RECORD"
}
# settle: a kill of our own, waited for, so that all that happened before has been seen by Reeve too.
settle() {
        local dir
        dir=$(cg "settle-$RANDOM$RANDOM" memory.max=4M memory.swap.max=0)
        ( hog_to_death "$dir"; wait_until 20 "the marker kill is recorded" kills_at_least "$ID" 1 ) || exit 1
        rmdir "$dir"
}
# expect_no_kill ID: none, now that everything before has been seen.
expect_no_kill() {
        [[ $(kills_count "$1") == 0 ]] || fail "cgroup $1 is innocent, but there is: $(kills_of "$1")"
}
# holds FILTER: of each value on standard input, and there is one: jq -e alone says yes to no input at all (1.6).
holds() { jq -e -s "length > 0 and all(.[]; $1)"; }
# expect RECORD FILTER WHAT: the jq filter holds for the record.
expect() {
        holds "$2" >/dev/null 2>&1 <<<"$1" || fail "$3: $2 does not hold for $(head -c 3000 <<<"$1")"
}
# expect_later ID FILTER WHAT: holds for the record of this cgroup within 10 s: what the eyes read arrives after it.
expect_later() {
        local id=$1 filter=$2
        later() { kills_of "$id" | jq -e -s "length == 1 and (.[0] | $filter)"; }
        local deadline=$((SECONDS + 10 * PATIENCE))
        until later >/dev/null 2>&1; do
                [[ $SECONDS -lt $deadline ]] || fail "$3: $filter does not hold for $(kills_of "$id" | head -c 3000)"
                sleep 0.1
        done
}
expect_equal() { [[ "$1" == "$2" ]] || fail "$3: '$1' instead of '$2'"; }
expect_text() { grep -qE -- "$2" <<<"$1" || fail "$3: /$2/ is not in: $1"; }
expect_no_text() { ! grep -qE -- "$2" <<<"$1" || fail "$3: /$2/ is in: $1"; }
# expect_status N COMMAND...: the exit status; output in $OUT.
expect_status() {
        local want=$1 got
        shift
        OUT=$("$@" 2>&1 </dev/null)
        got=$?
        [[ $got == "$want" ]] || fail "'$*' exits $got instead of $want: $OUT"
}
# rules_settled CGROUP: no rule that looks at it acts, or waits for what its last step frees.
rules_settled() { reevectl why-not "$1" --json | jq -e -s '.[0].rules | length > 0 and all(.[]; .state == "calm" or .state == "waiting")'; }
status() { reevectl status --json | jq -r "$1"; }
records() { reevectl events --json | jq -c "select(.type == \"$1\")"; }

# ---- after each scenario, whatever its end
scenario_cleanup() {
        local dir tries
        systemctl stop 'bed-*' 2>/dev/null
        systemctl reset-failed 'bed-*' 2>/dev/null
        rm -f /etc/systemd/system/bed-* /run/systemd/system/bed-*
        for tries in {1..50}; do
                [[ -d $BED ]] || break
                while read -r dir; do
                        echo 0 >"$dir/cgroup.freeze"
                        kill -9 $(cat "$dir/cgroup.procs")
                        rmdir "$dir"
                done < <(find "$BED" -depth -type d) 2>/dev/null
                sleep 0.05
        done 2>/dev/null
        [[ -e $FLAG ]] || reeve_remove
        umount /mnt/bed* 2>/dev/null
        swapoff -a && rm -f /var/tmp/bed-swap
        # What a storm left in the journal each reeved after it would read back: half a minute of an emulated machine, each time.
        journalctl --rotate --vacuum-size=1 >/dev/null 2>&1
        systemctl daemon-reload
}
