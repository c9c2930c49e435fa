/* Who lives in a cgroup, by the names that rules ask for. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"
#include "supervisor/observe/batch.h"
#include "supervisor/observe/facts.h"

/* One name costs some 10 us. */
enum { PROCESSES_MAX = 1024, LEVELS_MAX = 16 };

typedef struct Names {
        const char *items[COMMS_MAX];
        size_t n, looked;
        uint32_t found, all;
        int dirfd;                      /* of which the children are */
        int level;
} Names;

/* Ends the walk where all are found, or enough were looked at. */
static int look(void *userdata, int32_t pid) {
        Names *names = userdata;
        char comm[64];

        if (++names->looked > PROCESSES_MAX)
                return -E2BIG;
        if (proc_read(pid, "comm", comm, sizeof(comm)) < 0)
                return 0;
        comm[strcspn(comm, "\n")] = '\0';
        names->found |= comms_find(names->items, names->n, comm);
        return names->found == names->all ? -E2BIG : 0;
}

static int look_below(void *userdata, const char *name, uint64_t id) {
        Names *names = userdata;
        int above = names->dirfd, r;
        _cleanup_close_ int fd = names->level < LEVELS_MAX ? openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        (void) id;
        r = fd < 0 ? 0 : facts_each_pid(fd, look, names);
        names->dirfd = fd;
        names->level++;
        if (fd >= 0 && r != -E2BIG)
                r = cgroupfs_children(fd, look_below, names);
        names->level--;
        names->dirfd = above;
        return r == -E2BIG ? r : 0;
}

uint32_t batch_comms_read(const Batch *b, int dirfd, bool below) {
        Names names = { .n = b->n_comms, .all = (UINT32_C(1) << b->n_comms) - 1, .dirfd = dirfd };

        batch_comms(b, names.items);
        if (facts_each_pid(dirfd, look, &names) != -E2BIG && below)
                (void) cgroupfs_children(dirfd, look_below, &names);
        return names.found | COMMS_KNOWN;
}
