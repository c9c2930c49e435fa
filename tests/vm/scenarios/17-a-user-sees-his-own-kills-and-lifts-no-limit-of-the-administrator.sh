#vm timeout=120
# An unprivileged user sees his own unit's kill and not another user's, and cannot lift the administrator's limit on him.
#
#   user.slice
#   ├── user-4001.slice/user@4001.service (admin: memory.max 300M)/.../bed-mine.service    16M, hog  -> uid1 sees 1, uid2 0
#   └── user-4002.slice/user@4002.service/.../bed-theirs.service                           16M, hog  -> uid2 sees 1, uid1 0
reeve_shared
as() {
        local uid=$1
        shift
        setpriv --reuid="$uid" --regid="$uid" --clear-groups env XDG_RUNTIME_DIR="/run/user/$uid" HOME="/home/uid$((uid - 4000))" \
                DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" "$@"
}
systemctl start user@4001.service user@4002.service || fail "the user managers do not start"
systemctl set-property --runtime user@4001.service MemoryMax=300M
up() { as "$1" systemctl --user is-active --quiet basic.target; }
wait_until 30 "the user manager of uid1" up 4001
wait_until 30 "the user manager of uid2" up 4002
as 4001 systemd-run --user --quiet --unit=bed-mine -p MemoryMax=16M -p MemorySwapMax=0 "$LOADS/hog" --quiet 0 || fail "no user unit for uid1"
as 4002 systemd-run --user --quiet --unit=bed-theirs -p MemoryMax=16M -p MemorySwapMax=0 "$LOADS/hog" --quiet 0 || fail "no user unit for uid2"
of() { reevectl kills --json | jq -c --arg n "$1" 'select((.cgroup.path // "") | endswith("/" + $n))'; }
there() { [[ -n $(of "$1") ]]; }
wait_until 30 "root sees the kill of uid1" there bed-mine.service
wait_until 30 "root sees the kill of uid2" there bed-theirs.service
expect "$(of bed-mine.service)" '.owner_uid == 4001 and .victims[0].uid == 4001' "whose it was"

mine=$(as 4001 reevectl kills --json) || fail "uid1 may not ask: $mine"
theirs=$(as 4002 reevectl kills --json) || fail "uid2 may not ask: $theirs"
expect_text "$mine" 'bed-mine.service' "uid1 sees his own"
expect_no_text "$mine" 'bed-theirs' "uid1 sees nothing of uid2"
expect_text "$theirs" 'bed-theirs.service' "uid2 sees his own"
expect_no_text "$theirs" 'bed-mine' "uid2 sees nothing of uid1"

limit=$(unit_cg user@4001.service)/memory.max
expect_equal "$(cat "$limit")" 314572800 "the administrator's limit"
expect_status 4 as 4001 reevectl set user@4001.service MemoryMax=max
expect_equal "$(cat "$limit")" 314572800 "the administrator's limit after the try"
# A user's own unit may bear any name: it is not told as the one of the host that has it.
as 4001 systemd-run --user --quiet --wait --unit=sshd "$(command -v reevectl)" set user@4001.service MemoryMax=max && fail "it was set"
expect "$(records limit | jq -c 'select(.requested_by.uid == 4001)' | tail -n 1)" \
        '.outcome.result == "refused" and (.requested_by | .comm == "reevectl" and .unit == null)' "who asked, in a unit that a user calls sshd.service"
systemctl stop user@4001.service user@4002.service
