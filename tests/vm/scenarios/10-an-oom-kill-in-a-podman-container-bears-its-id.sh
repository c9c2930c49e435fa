#vm slow timeout=90
# Podman containers OOM-killed: a record each with the container's id, also where Podman itself says it was no OOM.
#
#   machine.slice
#   ├── libpod-ID.scope x 2   --memory 20m, tail /dev/zero   -> 1 kill each: podman, container_id ID, certain
#   └── libpod-ID.scope       --memory 20m, sleep            -> nothing
. /reeve/scenarios/podman.inc
reeve_shared
podman_kills 2
