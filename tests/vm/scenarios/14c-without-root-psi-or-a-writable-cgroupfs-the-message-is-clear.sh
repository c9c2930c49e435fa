#vm slow append=psi=0 own-boot timeout=90
# No PSI (psi=0), no root, a read-only cgroupfs: clear messages, and what can be done is done.
#
#   bed/14c/hog   memory.max 8M, hog   -> 1 kill, with pressure null
[[ ! -e /proc/pressure/memory ]] || ! cat /proc/pressure/memory >/dev/null 2>&1 || fail "this boot has PSI: the scenario proves nothing"
reeve_fresh
hog=$(cg 14c/hog memory.max=8M memory.swap.max=0)
hog_to_death "$hog"
expect_kill "$ID"
expect "$RECORD" '.pressure == null or .pressure.some_avg10_ratio == null' "no pressure is known"
expect_text "$(reevectl doctor 2>&1)" 'PSI|pressure' "doctor speaks of PSI"
reeve_remove

# Without root: a message, no hang, no trace of a crash.
OUT=$(timeout 10 setpriv --reuid=4001 --regid=4001 --clear-groups reeved --state-directory /tmp/no --runtime-directory /tmp/no 2>&1)
got=$?
[[ $got == 1 || $got == 3 ]] || fail "reeved without root exits $got: $OUT"
expect_text "$OUT" '[Pp]ermission|root|not permitted|privilege' "the message without root"

# A read-only cgroupfs: it watches and says that it cannot set limits.
mkdir -p /tmp/ro-state /tmp/ro-run
unshare --mount bash -c 'mount -o remount,ro,bind /sys/fs/cgroup && exec timeout 10 reeved --state-directory /tmp/ro-state --runtime-directory /tmp/ro-run' >/tmp/ro.log 2>&1 &
there() { grep -qiE 'read-only' /tmp/ro.log; }
wait_until 10 "a message that names the read-only cgroupfs" there
wait
