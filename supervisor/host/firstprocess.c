#include "supervisor/host/firstprocess.h"

#include <errno.h>
#include <stdlib.h>

#include "supervisor/host/cgroupfs.h"
#include "supervisor/host/proc.h"

enum { LOOKED_AT = 64 };

int firstprocess_find(int dirfd, int32_t *ret_pid, uint64_t *ret_start_nsec) {
        char text[LOOKED_AT * 12];
        const char *at = text;
        uint64_t oldest = UINT64_MAX;
        ssize_t n = cgroupfs_read(dirfd, "cgroup.procs", text, sizeof(text));

        if (n < 0)
                return (int) n;
        for (int i = 0; i < LOOKED_AT; i++) {
                char *end;
                long pid = strtol(at, &end, 10);
                ProcStat stat;

                /* The last number may be cut off: only whole lines count. */
                if (end == at || *end != '\n')
                        break;
                at = end + 1;
                if (pid <= 0 || pid > INT32_MAX || proc_stat((int32_t) pid, &stat) < 0 || stat.start_ticks >= oldest)
                        continue;
                oldest = stat.start_ticks;
                *ret_pid = (int32_t) pid;
        }
        if (oldest == UINT64_MAX)
                return -ENOENT;
        *ret_start_nsec = proc_start_nsec(oldest);
        return 0;
}
