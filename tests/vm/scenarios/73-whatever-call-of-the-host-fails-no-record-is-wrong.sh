#vm storm timeout=150
# reeved, one of whose calls into the kernel fails once, through start, a kill, a reload and a stop, on a real kernel: another call
# each time (tests/faults), by another error. It never crashes, what it says at its end names the error, and the kill is a right record, or
# one that the next reeved reads back, or a gap. Nothing stays in tracefs, whatever of the removal fails.
#
#   bed/73/guilty-N   memory.max 4M, a hog; memory.high set by the reload   -> one record at most, of this pid
#   bed/73/good       lives through it                                     -> nothing
# FAULTS_SECONDS, FAULTS_SEED (printed), FAULTS_SKIP, FAULTS_ONLY="SITE#N:ERROR ...": for how long, which, from which on, these alone.
faulty=/reeve/reeved-faults
[[ -x $faulty ]] || skip "this build has no reeved-faults"
seed=${FAULTS_SEED:-$RANDOM} trace=/run/bed-73.trace said=/run/bed-73.said n=0 wrong=
errors=(ENODEV EINTR ENOSPC EACCES EMFILE ESTALE short)
declare -A means=([ENODEV]='No such device' [EINTR]='Interrupted system call' [ENOSPC]='No space left on device' [EACCES]='Permission denied'
        [EMFILE]='Too many open files' [ESTALE]='Stale file handle|No such device' [short]='.')
reeve_remove
good=$(cg 73/good)
spawn "$good" sleep 1000
up=$SECONDS

# begin PROGRAM: a reeved of our own; returns when it answers or has ended. Its pid is in $REEVED.
begin() {
        mkdir -p /run/reeve /var/lib/reeve
        "$1" >>"$said" 2>&1 &
        REEVED=$!
        # With a configuration that it could not read its status is 1.
        answers() { gone "$REEVED" || timeout 5 reevectl status --json | grep -q state; }
        wait_until 20 "$1 ($FAULT) answers or ends" answers
}
# end: asks it to stop; $STATUS is what it ended with.
end() {
        kill -TERM "$REEVED" 2>/dev/null
        wait_until 20 "it stops ($FAULT)" gone "$REEVED"
        wait "$REEVED"
        STATUS=$?
        [[ $STATUS == [01] ]] || fail "$FAULT: exit status $STATUS: $(tail -n 5 "$said")"
}
# told_why: an end with 1 says of what and why.
told_why() {
        [[ $STATUS == 0 ]] || grep -qE "reeved: .*: .*(${means[${FAULT#*:}]:-.})" "$said" || fail "$FAULT: exit status 1 without its reason: $(cat "$said")"
}
nothing_left() {
        ! compgen -G '/sys/kernel/tracing/instances/reeve*' >/dev/null && ! grep -q reeve /sys/kernel/tracing/kprobe_events
}
gaps() { records gap | jq -s 'map(.lost) | add // 0'; }
# seen: the kill is there, and as it was.
seen() {
        local record
        record=$(kills_of "$ID")
        [[ -z $record ]] && record=$(kills_below "$(cg_path "$guilty")")
        [[ -n $record ]] || return
        [[ $(wc -l <<<"$record") == 1 ]] || fail "$FAULT: one kill, more records: $record"
        expect "$record" ".victims[0].pid == $PID and ((.cgroup.path // \"$(cg_path "$guilty")\") == \"$(cg_path "$guilty")\") and .killer == \"kernel\" and .attempts == 1" \
                "$FAULT: the record is right"
}
seen_or_gap() { seen || [[ $(gaps) -ge 1 ]]; }
# lead FAULT: through its life. "none": no call fails.
lead() {
        FAULT=$1 REEVED=
        rm -f /run/bed-73.through
        trap '[[ -z $REEVED ]] || kill -9 $REEVED 2>/dev/null' EXIT
        rm -rf /run/reeve /var/lib/reeve /etc/reeve "$trace"
        mkdir -p /etc/reeve
        echo '[reeve]' >/etc/reeve/reeve.conf
        : >"$said"
        guilty=$(cg "73/guilty-$n" memory.max=4M memory.swap.max=0)
        REEVE_FAULT_TRACE=$trace begin "$faulty"
        hog_to_death "$guilty"
        if ! gone "$REEVED"; then
                local tries
                for tries in {1..20}; do seen && break; sleep 0.1; done
                printf '[budget guilty]\nMatch=%s\nMemoryHigh=3M\nOwn=adopt\n' "$(cg_path "$guilty")" >>/etc/reeve/reeve.conf
                timeout 10 reevectl reload >/dev/null 2>&1 || timeout 10 reevectl reload >/dev/null 2>&1
        fi
        found=
        ! gone "$REEVED" && seen && found=1
        end
        told_why
        [[ $(cat "$guilty/memory.high") == max || $(cat "$guilty/memory.high") == 3145728 ]] || fail "$FAULT: memory.high is $(cat "$guilty/memory.high")"
        if [[ -z $found || $STATUS != 0 ]]; then
                note "$FAULT: $(grep -a failed "$trace" | head -n 1), exit status $STATUS, the next reeved has to say"
                begin reeved
                wait_until 5 "$FAULT: the kill is read back or told as a gap" seen_or_gap
                end
        fi
        [[ $(cat "$good/memory.high") == max ]] || fail "$FAULT: the innocent's limit was changed"
        grep -qa '^leak' "$trace" && fail "$FAULT: left open: $(grep -a '^leak' "$trace")"
        rmdir "$guilty"
        touch /run/bed-73.through
        [[ -n $found ]]
}

unset REEVE_FAULT
( lead none ) || fail "without a fault there is no record"
# Of each place that calls: its first call, and the last where there are more.
awk '$1 != "leak" { n[$3]++; name[$3] = $2 } END { for (s in n) { print s "#1", name[s]; if (n[s] > 1) print s "#" n[s], name[s] } }' "$trace" | sort >/run/bed-73.calls
reeved --uninstall >/dev/null || fail "it cannot be removed"
nothing_left || fail "something stays in tracefs"
mapfile -t calls </run/bed-73.calls
note "seed $seed, ${#calls[@]} calls at $(awk '{ print substr($1, 1, index($1, "#") - 1) }' /run/bed-73.calls | sort -u | wc -l) places, $((SECONDS - up)) s for one life"
chosen() {
        local i call name error
        if [[ -n ${FAULTS_ONLY:-} ]]; then
                printf '%s\n' $FAULTS_ONLY
                return
        fi
        for i in $(seq 1 "${#calls[@]}" | awk -v s="$seed" 'BEGIN { srand(s) } { print rand() "\t" $1 - 1 }' | sort -n | cut -f 2); do
                read -r call name <<<"${calls[i]}"
                error=${errors[(i + seed) % 7]}
                [[ $error == short && $name != *read ]] && error=EMFILE
                echo "$call:$error"
        done
}
while read -r fault; do
        [[ $((SECONDS - up)) -lt ${FAULTS_SECONDS:-80} ]] || break
        n=$((n + 1))
        ( REEVE_FAULT=$fault lead "$fault" )
        [[ -e /run/bed-73.through ]] || wrong="$wrong $fault"
        [[ $((n % 8)) != 0 ]] || reeved --uninstall >/dev/null || fail "$fault: it cannot be removed"
done < <(chosen | tail -n "+$((${FAULTS_SKIP:-0} + 1))")
note "$n lives in $((SECONDS - up)) s"
[[ -z $wrong ]] || fail "again by FAULTS_ONLY=\"${wrong# }\""
# The removal, of which a call fails: what stays the next one takes away.
for i in 3 9 15 21; do
        REEVE_FAULT=$i:EMFILE "$faulty" --uninstall >"$said" 2>&1
        [[ $? -lt 128 ]] || fail "--uninstall, call $i: $(cat "$said")"
done
reeved --uninstall >/dev/null || fail "it cannot be removed"
nothing_left || fail "something stays in tracefs"
kill -0 "$(cat "$good/cgroup.procs")" || fail "the innocent is gone"
