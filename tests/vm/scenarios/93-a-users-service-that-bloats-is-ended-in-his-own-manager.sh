#vm slow timeout=240
# TEST-55 in the manager of a user who lingers: the service of his that bloats is ended by a rule of root's and his systemd says
# Result=oom-kill; his chilling one lives, and so does the one that he marked himself, since all of it is his.
#
#   user@4001.service/bed.slice/bed-oomd.slice     memory.full over 2s > 20% for 2s -> kill, by pressure
#   ├── bed-bloat.service   MemoryHigh 3M, ten processes that keep 200 MB  -> killed
#   ├── bed-omit.service    MemoryHigh 3M, grows, omit                     -> active
#   └── bed-chill.service   MemoryHigh 3M, sleeps                          -> active
command -v stress-ng >/dev/null || skip "no stress-ng in this root image"
swap_have 64
reeve_fresh $'[reeve]\nKillLimit=1 per 1h\n[rule theirs]\nMatch=/user.slice/user-*.slice/user@*.service/bed.slice/bed-oomd.slice\nWhen=memory.full over 2s > 20% for 2s\nThen=kill\nRank=pressure size'
loginctl enable-linger uid1
systemctl start user@4001.service || fail "the user's manager does not start"
as_user() { setpriv --reuid=4001 --regid=4001 --clear-groups env XDG_RUNTIME_DIR=/run/user/4001 "$@"; }
undo() { systemctl stop user@4001.service; loginctl disable-linger uid1; }
trap undo EXIT
up() { as_user systemctl --user is-active --quiet basic.target; }
wait_until 30 "the user's manager is up" up
run() { as_user systemd-run --user --quiet --slice=bed-oomd.slice -p MemoryHigh=3M -p KillSignal=SIGKILL "$@" || fail "systemd-run --user $*"; }
run --unit=bed-chill sleep infinity
run --unit=bed-omit -p MemorySwapMax=0 -p ManagedOOMPreference=omit "$LOADS/hog" --quiet 0
run --unit=bed-bloat -p RemainAfterExit=yes stress-ng --quiet --timeout 5m --vm 10 --vm-bytes 200M --vm-keep
slice=/user.slice/user-4001.slice/user@4001.service/bed.slice/bed-oomd.slice
killed() { [[ -n $(records verdict | jq -c 'select(.action == "kill" and .outcome.result == "done")') ]]; }
wait_until 60 "one is killed, and it is on record" killed
verdict=$(records verdict | jq -c 'select(.action == "kill")')
expect "$verdict" ".cgroup.path == \"$slice\" and .victim.path == \"$slice/bed-bloat.service\" and (.pids | length) > 1" "who"
expect "$verdict" '.candidates[] | select(.cgroup.path | endswith("/bed-omit.service")) | .protected_by == "omit"' "the one he marked"
expect_equal "$(as_user bash -c 'systemctl --user is-active bed-chill bed-omit; systemctl --user show -P Result bed-bloat' | paste -sd' ')" \
        "active active oom-kill" "what the user's systemd says of the three"
# What is read back is of other stories of his.
expect_equal "$(setpriv --reuid=4001 --regid=4001 --clear-groups reevectl kills --json | jq -r 'select(.late | not) | .killer' | sort -u)" \
        "$([[ $(status .tier) == kprobe ]] && echo reeve)" "who killed, told to the user"
