#pragma once
/* Who is at the other end of a unix socket, as the kernel says. */
#include <stdbool.h>
#include <sys/types.h>

typedef struct Peer {
        uid_t uid;
        gid_t gid;
        pid_t pid;
        bool member;            /* its group, or one of its supplementary groups, is the one asked for */
} Peer;

/* Reads the credentials the peer of @fd had when it connected; @group: see member ((gid_t) -1: none). 0 or -errno. */
int peer_read(int fd, gid_t group, Peer *ret);
