# kill -9 from a shell: no kill record; explain says that it was no OOM and names who sent the signal.
#
#   bed/08
#   ├── job        memory.max 32M, 2 MB, gets SIGKILL from a shell   -> no kill, one sigkill: sender the shell
#   └── hog        memory.max 8M, grows                              -> 1 kill, no sigkill
reeve_shared
job=$(cg 08/job memory.max=32M) hog=$(cg 08/hog memory.max=8M memory.swap.max=0)
spawn "$job" "$LOADS/hog" --quiet 2
pid=$PID
# The shell stays for a while, as a shell does.
bash -c "kill -9 $pid; exec -a sender sleep 20" &
sender=$!
wait_until 10 "the job is dead" gone "$pid"
hog_to_death "$hog"
expect_kill "$ID"
settle
expect_no_kill "$(cg_id "$job")"
sigkill() { reevectl kills --all --json | jq -c --argjson pid "$1" 'select(.type == "sigkill" and .victim.pid == $pid)'; }
there() { [[ -n $(sigkill "$pid") ]]; }
wait_until 10 "a sigkill record" there
record=$(sigkill "$pid")
expect "$record" ".sender.pid == $sender and .means == \"kill\"" "who sent it"
# The event names no cgroup: /proc tells it while the process is there, else it is null, and never another's.
expect "$record" ".cgroup == null or .cgroup.id == $(cg_id "$job")" "to whom"
expect_equal "$(sigkill "$PID" | wc -l)" 0 "an OOM kill is no sigkill"
text=$(reevectl explain "pid:$pid") || fail "explain pid:$pid fails: $text"
expect_text "$text" "$sender" "explain names the sender"
expect_text "$text" '[Nn]o(t an)? OOM|not.*(out of memory|OOM)' "explain says that it was no OOM"
kill "$sender"
