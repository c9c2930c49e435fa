#vm storm timeout=300
# In a storm reeved is replaced by one whose probes have another field, and back again: for a while two generations
# of probes see each kill. It is recorded once, as it was, and the old generation goes.
#
#   bed/truth/manager-0..7   a case after the other   -> about 1100 kills
. /reeve/scenarios/truth.inc
binary=$(command -v reeved)
# The same program with another name for one field of its probes: to the kernel and to reeved these are other probes.
cp "$binary" /tmp/reeved.this
python3 - "$binary" /tmp/reeved.other <<'END' || fail "the other binary cannot be made"
import sys
data = open(sys.argv[1], "rb").read()
assert data.count(b"\0swap_max\0") == 1
open(sys.argv[2], "wb").write(data.replace(b"\0swap_max\0", b"\0swap_mox\0"))
END
chmod 0755 /tmp/reeved.other
undo() { cp /tmp/reeved.this "$binary.new" && mv "$binary.new" "$binary"; }
trap undo EXIT
generations() {
        local instance
        for instance in /sys/kernel/tracing/instances/reeve*kills; do
                basename "$instance"
        done
}
replaced_by() {
        local before
        before=$(generations)
        cp "$1" "$binary.new" && mv "$binary.new" "$binary"
        systemctl restart reeved.service || fail "restart"
        wait_until 30 "reevectl status answers" reevectl status --json
        one() { [[ $(generations | wc -l) == 1 && $(generations) != "$before" ]]; }
        wait_until 20 "one generation, and another than $before" one
}
truth_begin $'[reeve]\nSource=kprobe\nKillsRing=384K' kprobe
truth_load 700 --seed "${REEVE_SEED:-49}" --managers 8 --kinds own,same,ancestor,group,group_above,shared,leaderless,moved,race,hostile &
load=$!
for other in other this; do
        replaced_by "/tmp/reeved.$other"
        kill -0 "$load" 2>/dev/null || note "the storm was over before $other"
done
wait "$load" || fail "the load itself failed"
truth_holds
expect_equal "$(status .tier)" kprobe "the tier"
