# Bad configuration: all errors with file and line at once; the running configuration stays.
#
#   bed/14/box   Own=adopt, budget MemoryMax 64M    -> 64M before and after the refused reload
reeve_fresh $'[budget box]\nMatch=/bed/14/box\nMemoryMax=64M\nOwn=adopt'
box=$(cg 14/box)
holds() { [[ $(cat "$box/memory.max") == "$1" ]]; }
wait_until 10 "the budget is applied" holds 67108864
cat >/etc/reeve/reeve.conf <<-'CONF'
[reeve]
Mode=sometimes
[budget box]
Match=/bed/14/box
MemoryMax=lots
MemoryMaximum=1G
[thing x]
CONF
expect_status 1 reevectl reload
for line in 2 5 6 7; do
        expect_text "$OUT" "/etc/reeve/reeve.conf:$line" "the complaint about line $line"
done
holds 67108864 || fail "a refused configuration changed a limit: $(cat "$box/memory.max")"
systemctl is-active --quiet reeved.service || fail "reeved is gone"
refused() { records supervisor | jq -e -s 'any(.[]; .event == "configuration_refused")'; }
wait_until 10 "the refusal is a record" refused

# At start it means watching on defaults, and says so.
systemctl restart reeved.service || fail "reeved does not start with a bad configuration"
answers() { [[ -n $(reevectl status --json) ]]; }
wait_until 20 "reeved answers" answers
expect_status 1 reevectl status
hog=$(cg 14/hog memory.max=8M memory.swap.max=0)
hog_to_death "$hog"
expect_kill "$ID"
