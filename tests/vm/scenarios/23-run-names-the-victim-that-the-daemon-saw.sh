#vm timeout=60
# Given a running reeved and a command of three processes under a limit of its own,
# when the kernel takes one of them, then run says which, and its record is the daemon's; doctor finds the daemon watching.
reeve_shared
got=0
said=$(reevectl run --memory-max=20M --swap-max=0 -- sh -c 'sleep 100 & tail /dev/zero; exit 3' 2>&1) || got=$?
[[ $got -eq 3 && $said == *"It took pid "*"(tail). More: reevectl explain "* ]] || fail "exit $got: $said"
record=${said##*explain }
record=${record%%. *}
record=${record%.}
reevectl show "$record" --json >/tmp/run-record.json || fail "no record $record"
holds '.scope == "self" and (.victims | length) == 1 and .victims[0].comm == "tail" and (.cgroup.path | endswith("/payload"))' \
        </tmp/run-record.json >/dev/null || fail "$(cat /tmp/run-record.json)"
reevectl doctor --json >/tmp/doctor.json || fail "doctor exits $?"
holds '.healthy and any(.findings[]; .name == "daemon" and .state == "ok")
        and all(.findings[] | select(.name | startswith("source_")); .state == "ok")' </tmp/doctor.json >/dev/null || fail "$(cat /tmp/doctor.json)"
