#vm slow timeout=120
# Given a user with a systemd of his own, one without, and one to whom memory is not delegated,
# when they use reevectl run without root and without a daemon,
# then the first has his limits and the truth about the end, and the others 125 with the reason in words.
. /reeve/lib.sh

id tester1 >/dev/null 2>&1 || useradd -m tester1
id tester2 >/dev/null 2>&1 || useradd -m tester2
as() {
        local user=$1 uid
        uid=$(id -u "$1")
        shift
        runuser -u "$user" -- env -C / XDG_RUNTIME_DIR="/run/user/$uid" "$@"
}
systemctl start "user@$(id -u tester1).service" || fail "no user manager"

got=0
said=$(as tester1 reevectl run --memory-max=20M --swap-max=0 -- tail /dev/zero 2>&1) || got=$?
[[ $got -eq 137 && $said == *"took 1 process of this run. It was over its own limit"* ]] || fail "exit $got: $said"
got=0
said=$(as tester1 reevectl run --memory-max=20M -- sh -c 'cut -d: -f3 /proc/self/cgroup; exit 6' 2>/dev/null) || got=$?
[[ $got -eq 6 && $said == */user@*.service/app.slice/*/payload ]] || fail "exit $got in $said"

note "su leaves XDG_RUNTIME_DIR unset: the bus is found all the same"
runuser -u tester1 -- env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS reevectl run -q -- true || fail "exit $? without XDG_RUNTIME_DIR"

note "leftovers of a user, who cannot write cgroup.kill of others"
begin=$SECONDS
as tester1 reevectl run --kill-after=500ms -- sh -c 'trap "" TERM; (while :; do sleep 1; done) & exit 0' 2>/dev/null || fail "exit $?"
[[ $((SECONDS - begin)) -lt 10 ]] || fail "took $((SECONDS - begin)) s"

note "no user manager: 125, and it says what it tried"
got=0
said=$(runuser -u tester2 -- env -C / reevectl run --memory-max=20M -- true 2>&1) || got=$?
[[ $got -eq 125 && $said == *"the user's systemd cannot be reached"*"cannot make the cgroup"* ]] || fail "exit $got: $said"

note "memory not delegated: 125, and how to delegate it"
slice=user-$(id -u tester2).slice
mkdir -p "/run/systemd/system/$slice.d"
printf '[Slice]\nDisableControllers=memory\n' >"/run/systemd/system/$slice.d/bed.conf"
systemctl daemon-reload
systemctl start "user@$(id -u tester2).service"
got=0
said=$(as tester2 reevectl run --memory-max=20M -- true 2>&1) || got=$?
systemctl stop "user@$(id -u tester2).service"
rm -r "/run/systemd/system/$slice.d"
systemctl daemon-reload
[[ $got -eq 125 && $said == *"the memory controller is not delegated"*"Delegate=memory"* ]] || fail "exit $got: $said"
