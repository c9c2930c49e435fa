#vm slow timeout=120
# What became of a process, asked with the start that /proc shows, and of a cgroup: right as soon as it is gone, by the rings and by
# the log alike; and what a person asks for by a name that was given a moment ago, or by a record before which others went, is found.
#
#   bed/71/TIER
#   ├── hog      memory.max 8M, a hog               -> oom_killed, by pid and by name; made anew: alive
#   ├── quiet    one that ends by itself            -> alive, then exited, by pid and by name
#   ├── shot     kill -9                            -> killed
#   └── a\x2db   made just before it is asked for   -> found as typed and as records spell it
# One perl for all questions: each line is one, a connection of its own, its answer the next line.
coproc ASKER { perl -MIO::Socket::UNIX -e '$| = 1; while (<STDIN>) { chomp; $s = IO::Socket::UNIX->new("/run/reeve/reeve.sock") or die; local $/ = "\0"; print $s "$_\0"; $s->flush; $a = <$s>; chop $a; print "$a\n" }'; }
fate() {
        local answer
        echo "{\"method\":\"io.reeve.Supervisor.Fate\",\"parameters\":{$1,\"wait_usec\":9000000}}" >&"${ASKER[1]}"
        read -r -t 60 -u "${ASKER[0]}" answer
        printf '%s' "$answer"
}
# expect_fate FATE PARAMETERS: its record is in $RECORD.
expect_fate() {
        local answer
        answer=$(fate "$2")
        RECORD=$(jq -c '.parameters.record' <<<"$answer")
        expect_equal "$(jq -r '.parameters.fate' <<<"$answer")" "$1" "$tier: the fate of $2, $(head -c 300 <<<"$answer")"
}
start_usec() { sed 's/.*) //' "/proc/$1/stat" | awk '{ printf "%.0f\n", $20 * 10000 }'; }
# begin DIR COMMAND: waits for the file $DIR.go in /tmp before it becomes COMMAND; $PID, and $WHO as Fate wants it.
begin() {
        go=/tmp/71-$tier-${1##*/}
        spawn "$1" sh -c 'until [ -e "$0" ]; do sleep 0.1; done; exec '"$2" "$go"
        WHO="\"pid\":$PID,\"start_usec\":$(start_usec "$PID")"
}
named() { printf '"cgroup":"%s"' "$(cg_path "$1")"; }

story() {
        local hog quiet shot first
        hog=$(cg "71/$tier/hog" memory.max=8M memory.swap.max=0) quiet=$(cg "71/$tier/quiet") shot=$(cg "71/$tier/shot")
        begin "$quiet" 'sh -c "exit 0"'
        expect_fate alive "$WHO"
        expect_fate alive "$(named "$quiet")"
        touch "$go"
        wait_until 20 "the quiet one ends" gone "$PID"
        expect_fate exited "$WHO"
        expect_fate exited "$(named "$quiet")"

        begin "$shot" "sleep 1000"
        kill -9 "$PID"
        wait_until 20 "the one that is shot is gone" gone "$PID"
        expect_fate killed "$WHO"

        begin "$hog" "$LOADS/hog 0"
        expect_fate alive "$WHO"
        touch "$go"
        wait_until 30 "the kernel kills the hog" gone "$PID"
        expect_fate oom_killed "$WHO"
        expect "$RECORD" ".victims[0].pid == $PID" "its record"
        first=$(jq -r .id <<<"$RECORD")
        expect_fate oom_killed "$(named "$hog")"
        expect_equal "$(jq -r .id <<<"$RECORD")" "$first" "the record of the cgroup"
        rmdir "$hog"
        expect_fate oom_killed "$(named "$hog")"
        mkdir "$hog"
        knows_it() { [[ $tier == kprobe || $(reevectl status "$(cg_path "$hog")" --json | jq -r '.cgroup.id // .status.cgroup.id') == "$(cg_id "$hog")" ]]; }
        wait_until 20 "the new one is known" knows_it
        spawn "$hog" sleep 1000
        expect_fate alive "$(named "$hog")"
        RECORD=$first
}

tier=kprobe
reeve_fresh $'[reeve]\nSource=kprobe\nKeepSigkills=10'
story
kept=$RECORD
for _ in {1..30}; do
        sleep 1000 &
        kill -9 $!
        wait $! 2>/dev/null
done
few() { [[ $(records sigkill | wc -l) -le 10 && $(reevectl status --counters --json | jq '.ledger.evicted') -ge 15 ]]; }
wait_until 20 "of the SIGKILLs the oldest went" few
expect_status 0 reevectl show "$kept"
expect_status 0 reevectl explain "${kept##*-}"

odd=$(cg '71/kprobe/a\x2db')
expect_status 0 reevectl status "$(cg_path "$odd")"
expect_status 0 reevectl status '/bed/71/kprobe/a\x5cx2db'

tier=log
configure $'[reeve]\nSource=log\nTaskstats=yes'
is_on() { [[ $(status '.sources[] | select(.name == "taskstats") | .state') == on ]]; }
wait_until 20 "taskstats passes its self-test" is_on
story
rm -f /tmp/71-*
