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

# Then no command line makes it more than watching.
systemctl stop reeved.service
mkdir -p /run/systemd/system/reeved.service.d
printf '[Service]\nExecStart=\nExecStart=%s --mode act\n' "$(command -v reeved)" >/run/systemd/system/reeved.service.d/act.conf
systemctl daemon-reload
systemctl start reeved.service || fail "reeved --mode act does not start with a bad configuration"
wait_until 20 "reeved answers" answers
expect_equal "$(reevectl status --json | jq -r .mode)" watch "the mode of a reeved whose configuration was refused"
reevectl set /bed/14/box MemoryMax=32M && fail "Set is not refused while reeved runs on defaults"
holds 67108864 || fail "a reeved on defaults changed a limit: $(cat "$box/memory.max")"

# What is mended is acted on at once; indented, continued over lines, and with an alert, of which it warns.
cat >/etc/reeve/reeve.conf <<-'CONF'
	# mended
	  [budget box]
	    Match=/bed/14/nobody \
	      # the next
	      /bed/14/box
	  MemoryMax=48M
	  Own=adopt
	[alert a]
	On=kill
CONF
expect_status 0 reevectl reload
wait_until 10 "the mended budget is applied" holds 50331648
expect_equal "$(reevectl status --json | jq -r .mode)" act "the mode once the configuration is good"
expect_text "$(reevectl status)" 'reeve.conf:8: alert a' "status warns of what is not acted on"
rm -r /run/systemd/system/reeved.service.d
systemctl daemon-reload
