/* Who sent a signal and who got it: read at once, since both may be gone a moment later. */
#include <stdio.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"
#include "supervisor/observe/looks.h"

static void find_cgroup(const Looking *l, int32_t pid, EyesParty *p) {
        char path[4200];
        bool deleted = false;
        _cleanup_close_ int fd = -1;

        if (proc_cgroup(pid, path, sizeof(path), &deleted) < 0 || strlen(path) >= sizeof(p->path))
                return;
        (void) strcpy(p->path, path);
        fd = deleted ? -1 : cgroupfs_open_path(l->fs, path);
        if (fd >= 0)
                (void) cgroupfs_id(fd, &p->cgroup_id);
}

static void look_at(const Looking *l, int32_t pid, EyesParty *p) {
        ProcStatus status;
        ProcStat stat;

        *p = (EyesParty) { .uid = -1 };
        if (pid <= 0 || proc_stat(pid, &stat) < 0)
                return;
        p->tgid = stat.pid;
        p->start_nsec = proc_start_nsec(stat.start_ticks);
        (void) snprintf(p->comm, sizeof(p->comm), "%s", stat.comm);
        if (proc_status(pid, &status) == 0) {
                p->uid = status.uid;
                if (status.tgid > 0)
                        p->tgid = status.tgid;
        }
        find_cgroup(l, pid, p);
}

/* Who has the number now, and had begun a tick earlier, had it then too; and still has it, now that its cgroup was read. */
bool look_at_who_was(const Looking *l, int32_t tid, uint64_t nsec, EyesParty *ret) {
        ProcStat after;

        look_at(l, tid, ret);
        return ret->tgid > 0 && ret->start_nsec + proc_start_nsec(1) <= nsec && proc_stat(tid, &after) == 0 &&
               proc_start_nsec(after.start_ticks) == ret->start_nsec;
}

void look_at_parties(const Looking *l, const EyesRequest *r, EyesAnswer *a) {
        for (size_t i = 0; i < EYES_PARTIES_MAX && i < r->n_victims; i++)
                look_at(l, r->victims[i].tgid, &a->parties[i]);
}
