#vm slow timeout=150
# What was decided while it was captured is decided again by replay, byte for byte, without a daemon; by other rules other things
# are decided. The black box kept the same by itself, and explain names its file.
#
#   bed/54            memory.max 128M; a rule: unreclaimable > 60 % -> notify, kill, by growth
#   ├── guilty        grows 10 MB/s without end    -> killed by Reeve, and by replay
#   └── innocent      24 MB, stays                 -> alive, and chosen by no replay
#   bed/54b           no rule; killed by the kernel at 8 MB, which is told beside the verdicts
reeve_fresh $'[rule guard]\nMatch=/bed/54\nWhen=unreclaimable > 60%\nThen=notify\nThen=kill\nRank=growth size\nSettleSec=5s'
guilty=$(cg 54/guilty) innocent=$(cg 54/innocent)
echo 128M >"$BED/54/memory.max"
echo 0 >"$BED/54/memory.swap.max"
spawn "$innocent" "$LOADS/hog" --quiet 24
innocent_pid=$PID
work=$(mktemp -d)
reevectl capture "$work/run" 2>"$work/said" &
capturing=$!
captured() { [[ -s $work/run ]] && grep -q '^r ' "$work/run"; }
wait_until 20 "looks are captured" captured
spawn "$guilty" "$LOADS/hog" --quiet --rate 10 0
wait_until 30 "the guilty one is dead" gone "$PID"
gone "$innocent_pid" && fail "the innocent one is dead"
killed() { records verdict | jq -e -s 'any(.[]; .action == "kill" and .outcome.result == "done")'; }
wait_until 20 "the verdict is on record" killed
outcome() { grep -q '^o .* done 1 ' "$work/run" && [[ $(grep -c '^[vo] ' "$work/run") -ge 4 ]]; }
wait_until 20 "its outcome is captured" outcome
( hog_to_death "$(cg 54b memory.max=8M memory.swap.max=0)" ) || exit 1
kernel_too() { grep -q '^x .* /bed/54b$' "$work/run"; }
wait_until 20 "the kernel's kill is captured" kernel_too
kill -INT $capturing
wait $capturing || fail "capture fails: $(<"$work/said")"
expect_text "$(<"$work/said")" "^Captured .* reevectl replay $work/run" "capture's last line"
expect_text "$(tail -n 1 "$work/run")" '^E [0-9]+ stopped' "the capture's end"

# What the judge made, as the records have it.
made='{rule, cgroup, action, dry_run, reason, victim, trigger, candidates, candidates_count, steps, time, boottime_usec, incident}'
recorded=$(records verdict | jq -cS "$made")
text=$(reevectl explain "$(records verdict | jq -r 'select(.action == "kill") | .id')")
box_there() { compgen -G '/var/lib/reeve/blackbox/*.capture'; }
wait_until 20 "the black box has a file" box_there
box=$(compgen -G '/var/lib/reeve/blackbox/*.capture')
expect_equal "$(wc -l <<<"$box")" 1 "one shortage, one file"
expect_equal "$(stat -c '%a %U:%G' "$box")" "640 root:reeve" "who may read it"
# Other rules: earlier, and only a notice. diff judges what the box holds in memory by them, recommend reckons by it.
printf '[rule early]\nMatch=/bed/54\nWhen=unreclaimable > 35%%\nThen=notify\n' >"$work/early.conf"
changes=$(reevectl diff "$work/early.conf" --json | jq -sc '[.[] | select(.replay)]')
expect "$changes" '[.[] | select(.replay == "missing") | .action] == ["notify", "kill"]' "diff: what would not have been decided"
expect "$changes" '[.[] | select(.replay == "new") | .rule] == ["early"]' "diff: what would have been"
advice=$(reevectl recommend /bed/54/innocent --json)
expect "$advice" '.evidence.looks > 5 and .evidence.most_bytes > 24000000 and .evidence.most_bytes < 34000000' "recommend: what was seen"
expect "$advice" '.recommendation.max_bytes > .evidence.most_bytes and .recommendation.max_bytes < 60000000 and .risk.level == "medium"' "recommend: a budget"
systemctl stop reeved.service reeved.socket

replayed=$(reevectl replay "$work/run" --json --against)
expect_equal "$(jq -cS "select(.type == \"verdict\") | $made" <<<"$replayed")" "$recorded" "replay decides as was decided"
expect_equal "$(jq -r '[.replay, .exact, .outcome] | join(" ")' <<<"$replayed" | sort -u | paste -sd,)" "kernel  ,same true done" "all of it, byte for byte"
expect_equal "$(reevectl replay "$work/run" --json --against)" "$replayed" "twice the same"
expect_text "$(reevectl replay "$work/run" --against)" '2 as decided then \(2 byte for byte\), 0 new \(\+\), 0 missing \(-\); kills by the kernel: 1' "the sum"
# The box began when it became near, and has the same decisions.
expect_equal "$(reevectl replay "$box" --json | jq -cS "$made")" "$recorded" "the black box decides as was decided"

# By those other rules.
other=$(reevectl replay "$work/run" --policies "$work/early.conf" --against --json)
expect "$(jq -sc . <<<"$other")" '[.[] | select(.replay == "new")] | length == 1 and .[0].rule == "early" and .[0].action == "notify"' "another rule decides otherwise"
expect "$(jq -sc . <<<"$other")" '[.[] | select(.replay == "missing") | .action] == ["notify", "kill"]' "and not as was decided"
expect "$(jq -sc . <<<"$other")" '([.[] | select(.replay == "new") | .boottime_usec] | first) < ([.[] | select(.replay == "missing") | .boottime_usec] | first)' "earlier"

# What is no capture is told with its place.
line=$(grep -n -m 1 '^r ' "$work/run" | cut -d: -f1)
sed "${line}s/.*/?/" "$work/run" >"$work/bad"
expect_status 1 reevectl replay "$work/bad"
expect_text "$OUT" "$work/bad:$line: no line begins like this" "the place"
head -c "$(($(stat -c %s "$work/run") / 2))" "$work/run" >"$work/cut"
expect_text "$(reevectl replay "$work/cut")" 'it was cut' "a cut one is read as far as it goes"
systemctl start reeved.service
wait_until 20 "reeved answers again" reevectl status --json
text=$(reevectl explain "$(records verdict | jq -r 'select(.action == "kill") | .id')") || fail "explain fails: $text"
expect_text "$text" "reevectl replay $box" "explain names the file"
expect "$(reevectl status --counters --json)" '.black_box.files == 1 and .black_box.dropped == 0' "the counters"
note "capture: $(stat -c %s "$work/run") bytes, $(grep -c '^r ' "$work/run") rounds; black box: $(stat -c %s "$box") bytes"
rm -rf "$work"
