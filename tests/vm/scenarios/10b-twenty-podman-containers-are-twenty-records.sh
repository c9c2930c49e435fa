#vm slow timeout=240
# As 10, with twenty containers: twenty records, where Podman 4.3 itself reports 0 of 20.
#
#   machine.slice
#   ├── libpod-ID.scope x 20  --memory 20m, tail /dev/zero   -> 1 kill each: podman, container_id ID, certain
#   └── libpod-ID.scope       --memory 20m, sleep            -> nothing
. /reeve/scenarios/podman.inc
reeve_fresh
podman_kills 20
