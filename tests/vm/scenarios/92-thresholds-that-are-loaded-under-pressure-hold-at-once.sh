#vm storm timeout=240
# While a service stands under pressure the configuration is loaded anew: with other numbers it is ended or let live by these, each shown
# before it acts; one with an error changes nothing; back to the first numbers the next that bloats lives.
#
#   bed.slice/bed-oomd.slice
#   ├── bed-munch.service   MemoryHigh 12M, bloats; its rule: 99.9% for 10min, then 55% for 3s, then as before  -> alive; killed; the next alive
#   └── bed-chill.service   MemoryHigh 3M, sleeps; its rule keeps the numbers it had                            -> active
command -v stress-ng >/dev/null || skip "no stress-ng in this root image"
rules() { printf '[rule munch]\nMatch=/bed.slice/bed-oomd.slice/bed-munch.service\nWhen=memory.full over 2s > %s\nThen=kill\nSettleSec=2s
[rule chill]\nMatch=/bed.slice/bed-oomd.slice/bed-chill.service\nWhen=memory.full over 2s > 20%% for 2s\nThen=kill\n' "$1"; }
first='99.9% for 10min' second='55% for 3s'
munch=/bed.slice/bed-oomd.slice/bed-munch.service chill=/bed.slice/bed-oomd.slice/bed-chill.service
effective() { reevectl check --effective "$1" --json | jq -r '.effective.rules[] | "\(.rule) \(.when | join(", "))"'; }
reeve_fresh "$(rules "$first")"
run() { systemd-run --quiet --slice=bed-oomd.slice -p OOMScoreAdjust=0 -p MemorySwapMax=0 -p KillSignal=SIGKILL "$@" || fail "systemd-run $*"; }
bloat() { run --unit=bed-munch -p RemainAfterExit=yes -p MemoryHigh=12M stress-ng --quiet --timeout 5m --vm 3 --vm-bytes 90M --vm-keep; }
run --unit=bed-chill -p MemoryHigh=3M sleep infinity
bloat
stalled() { [[ $(awk '/^full/ { sub(/.*avg10=/, ""); print int($1) }' "$ROOT$munch/memory.pressure") -ge 60 ]]; }
result() { systemctl show -P Result bed-munch.service; }
wait_until 40 "it stands under pressure" stalled
expect_equal "$(effective $munch)" "munch memory.full over 2s > $first" "the numbers at first"
expect_equal "$(effective $chill)" "chill memory.full over 2s > 20% for 2s" "those of the other"
expect_equal "$(result)" success "by the first numbers"

rules 'many% for 3s' >/etc/reeve/reeve.conf
expect_status 1 reevectl reload
expect_text "$OUT" 'reeve.conf:3' "what is wrong, and where"
expect_text "$(reevectl why-not $munch)" '99.9 %' "the rule that is in force"
expect_equal "$(result)" success "after a configuration that was refused"

rules "$second" >/etc/reeve/reeve.conf
expect_equal "$(effective $munch)" "munch memory.full over 2s > $second" "the numbers that are to be loaded"
loaded=$(awk '{ printf "%.0f\n", $1 * 1000000 }' /proc/uptime)
expect_text "$(reevectl reload)" 'Loaded configuration .* rules' "what reload says"
ended() { [[ $(result) != success ]]; }
wait_until 40 "by the new numbers it is ended" ended
killed() { [[ -n $(records verdict | jq -c 'select(.action == "kill" and .outcome.result == "done")') ]]; }
wait_until 20 "the verdict is on record" killed
expect "$(records verdict | jq -c 'select(.action == "kill")')" \
        ".rule == \"munch\" and (.trigger[0] | .threshold == 0.55 and .text == \"memory.full over 2s > $second\" and .for_usec >= 3000000) and .boottime_usec >= $loaded" "by which numbers"

configure "$(rules "$first")"
systemctl stop bed-munch.service
systemctl reset-failed bed-munch.service
bloat
wait_until 40 "the next stands under pressure" stalled
expect_equal "$(effective $munch)" "munch memory.full over 2s > $first" "the numbers in the end"
expect_text "$(reevectl why-not $munch)" '99.9 %' "and those in force"
expect_equal "$(result)" success "the next, by the first numbers again"
systemctl is-active --quiet bed-chill.service || fail "the chilling service is dead"
expect_equal "$(records verdict | jq -r 'select(.rule == "chill")')" "" "verdicts on the chilling one"
