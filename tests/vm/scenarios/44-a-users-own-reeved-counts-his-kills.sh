#vm slow timeout=120
# reeved --user, without root or a group: a kill in a unit of the user's systemd is counted, with its cgroup and no name.
#
#   bed-hog.service of user 4001   MemoryMax=12M, its child killed   -> one record, confidence counted, no victim
#   bed-good.service of user 4001  MemoryMax=64M, behaves  -> none
#   bed-flash.service of user 4001 MemoryMax=12M, its main process killed, so that its cgroup is gone at once
#                                                          -> a record or a gap, never "without a gap"
reeve_remove
loginctl enable-linger uid1
systemctl start user@4001.service
as_user() { systemd-run --quiet --wait --pipe --uid=4001 -p PAMName=login -p WorkingDirectory=/tmp -E XDG_RUNTIME_DIR=/run/user/4001 "$@"; }
as_user systemd-run --user --quiet --unit=bed-reeved "$(command -v reeved)" --user || fail "the user's systemd starts no reeved"
socket=/run/user/4001/reeve/reeve.sock
ctl() { as_user "$(command -v reevectl)" --socket "$socket" "$@"; }
wait_until 30 "the user's reeved answers" ctl status --json
expect_equal "$(ctl status --json | jq -r '"\(.state) \(.tier)"')" "watching log" "the user's reeved"
as_user systemd-run --user --quiet --unit=bed-good -p MemoryMax=64M sleep 1000
as_user systemd-run --user --quiet --unit=bed-hog -p MemoryMax=12M -p MemorySwapMax=0 -p OOMPolicy=continue \
        sh -c "$LOADS/hog 40; exec sleep 1000"
counted() { [[ $(ctl kills --json | wc -l) -ge 1 ]]; }
wait_until 30 "the kill is counted" counted
expect_equal "$(ctl kills --json | jq -rs 'map("\(.confidence) \(.cgroup.path) \(.victims | length)") | join(", ")')" \
        "counted /user.slice/user-4001.slice/user@4001.service/app.slice/bed-hog.service 0" "the user's kills"
before=$(ctl kills --json | wc -l)
as_user systemd-run --user --quiet --unit=bed-flash -p MemoryMax=12M -p MemorySwapMax=0 "$LOADS/hog" 0
told() { [[ $(($(ctl kills --json | wc -l) - before + $(ctl status --json | jq .lost))) -ge 1 ]]; }
wait_until 20 "the kill of one whose cgroup is gone is told of" told
[[ $(ctl kills --json | wc -l) -gt $before ]] || expect_no_text "$(ctl kills --cgroup /user.slice/user-4001.slice/none)" 'without a gap'
as_user systemctl --user stop bed-reeved bed-good bed-hog
loginctl disable-linger uid1
