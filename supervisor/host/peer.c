#include "supervisor/host/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "supervisor/base/fd.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* Whether @group is among the supplementary groups. The list was fixed when the peer connected. */
static bool groups_have(int fd, gid_t group) {
        _cleanup_free_ gid_t *groups = NULL;
        gid_t few[64];
        gid_t *list = few;
        socklen_t length = sizeof(few);
        int r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, few, &length);

        if (r < 0 && errno == ERANGE) {
                list = groups = malloc(length);
                r = groups ? getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) : -1;
        }
        if (r < 0)
                return false;
        for (size_t i = 0; i < length / sizeof(gid_t); i++)
                if (list[i] == group)
                        return true;
        return false;
}

int peer_read(int fd, gid_t group, Peer *ret) {
        struct ucred c;
        socklen_t length = sizeof(c);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &length) < 0)
                return -errno;
        *ret = (Peer) { .uid = c.uid, .gid = c.gid, .pid = c.pid };
        if (group != (gid_t) -1)
                ret->member = c.gid == group || groups_have(fd, group);
        return 0;
}
