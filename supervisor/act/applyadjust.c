#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/act/apply.h"
#include "supervisor/base/fd.h"

enum { PROCS_SIZE = 64 * 1024, ROUNDS = 3 };

/* Opens /proc/PID if that process is in the cgroup whose path is @path (or below it with @below). By the descriptor it stays
 * the same process, whoever gets the number next. */
static int process_open(int32_t pid, const char *path, bool below) {
        _cleanup_close_ int dir = -1, fd = -1;
        char name[32], text[4200], *line;
        size_t n = strlen(path);
        ssize_t got;

        (void) snprintf(name, sizeof(name), "/proc/%d", (int) pid);
        dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return -ESRCH;
        fd = openat(dir, "cgroup", O_RDONLY | O_CLOEXEC);
        got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
        if (got <= 0)
                return -ESRCH;
        text[got] = '\0';
        line = strstr(text, "0::");
        if (!line || (line != text && line[-1] != '\n'))
                return -ESRCH;
        line += 3;
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(path, "/") == 0 || (strncmp(line, path, n) == 0 && (line[n] == '\0' || (below && line[n] == '/'))))
                return fd_steal(&dir);
        return -ESRCH;
}

static int adjust_read(int dir, int64_t *ret) {
        _cleanup_close_ int fd = openat(dir, "oom_score_adj", O_RDONLY | O_CLOEXEC);
        char text[16] = "";

        if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
                return -ESRCH;
        *ret = strtol(text, NULL, 10);
        return 0;
}

static int adjust_write(int dir, int64_t value) {
        _cleanup_close_ int fd = openat(dir, "oom_score_adj", O_WRONLY | O_CLOEXEC);
        char text[16];
        int n = snprintf(text, sizeof(text), "%lld", (long long) value);

        if (fd < 0)
                return -errno;
        return write(fd, text, (size_t) n) == n ? 0 : -errno;
}

/* The main process: the unit's, or else the first of the cgroup. 0: none. */
static int32_t main_process(const Job *j) {
        char *procs;
        int32_t pid = 0;

        if (j->own.kind == OWNERSHIP_UNIT && j->unit.main_pid > 0)
                return j->unit.main_pid;
        procs = malloc(PROCS_SIZE);
        if (procs && cgroupfs_read(j->dirfd, "cgroup.procs", procs, PROCS_SIZE) > 0)
                pid = (int32_t) strtol(procs, NULL, 10);
        free(procs);
        return pid;
}

int64_t apply_adjust_read(const Job *j) {
        _cleanup_close_ int dir = process_open(main_process(j), j->e->path, /* below= */ true);
        int64_t value;

        return dir >= 0 && adjust_read(dir, &value) == 0 ? value : LIMIT_ADJ_UNKNOWN;
}

typedef struct Round {
        const Job *j;
        int64_t wanted;
        unsigned changed, failed;
        int error;
} Round;

static void change_one(Round *r, int32_t pid) {
        _cleanup_close_ int dir = process_open(pid, r->j->e->path, /* below= */ true);
        int64_t now;
        int error;

        if (dir < 0 || adjust_read(dir, &now) < 0 || now == r->wanted)
                return;
        error = adjust_write(dir, r->wanted);
        if (error == 0)
                r->changed++;
        else if (error != -ESRCH) {
                r->failed++;
                r->error = error;
        }
}

static int change_child(void *userdata, const char *name, uint64_t id);

static void change_all(Round *r, int dirfd) {
        char *procs = malloc(PROCS_SIZE), *rest = NULL;

        if (procs && cgroupfs_read(dirfd, "cgroup.procs", procs, PROCS_SIZE) > 0)
                for (char *line = strtok_r(procs, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                        change_one(r, (int32_t) strtol(line, NULL, 10));
        free(procs);
        (void) cgroupfs_children(dirfd, change_child, r);
}

static int change_child(void *userdata, const char *name, uint64_t id) {
        Round *r = userdata;
        _cleanup_close_ int dirfd = cgroupfs_open_id(&r->j->a->fs, id);

        (void) name;
        if (dirfd >= 0)
                change_all(r, dirfd);
        return 0;
}

/* A cgroup that was just born has no process yet. */
static int32_t wait_main_process(Job *j) {
        int32_t pid = main_process(j);

        for (int i = 0; pid == 0 && i < 10; i++) {
                const struct timespec pause = { .tv_nsec = 50000000 };
                SystemdUnit unit;

                (void) nanosleep(&pause, NULL);
                if (j->own.kind == OWNERSHIP_UNIT && systemd_unit_of(j->a->systemd, j->e->path, &unit, NULL, 0) == 0)
                        j->unit.main_pid = unit.main_pid;
                pid = main_process(j);
        }
        return pid;
}

void apply_oom_score_adjust(Job *j) {
        Change *c = &j->changes[LIMIT_OOM_SCORE_ADJUST];
        Round round = { .j = j, .wanted = c->wanted };
        int32_t pid;

        if (!c->active)
                return;
        /* Other people's processes are theirs as their limits are: the same question decides. */
        if (j->own.kind == OWNERSHIP_REFUSED) {
                apply_finish(j, LIMIT_OOM_SCORE_ADJUST, REEVE_OUTCOME_REFUSED, j->own.reason, j->own.text);
                return;
        }
        pid = wait_main_process(j);
        c->before = apply_adjust_read(j);
        if (pid == 0 && j->adjust_of == BUDGET_ADJUST_MAIN) {
                apply_finish(j, LIMIT_OOM_SCORE_ADJUST, REEVE_OUTCOME_FAILED, REEVE_REASON_GONE, "it has no process");
                return;
        }
        if (!j->dry_run && !c->restore && !j->e->values[LIMIT_OOM_SCORE_ADJUST].changed) {
                j->e->values[LIMIT_OOM_SCORE_ADJUST].changed = true;
                j->e->values[LIMIT_OOM_SCORE_ADJUST].before = c->before == LIMIT_ADJ_UNKNOWN ? 0 : c->before;
                j->e->values[LIMIT_OOM_SCORE_ADJUST].wanted = c->wanted;
                (void) limitstate_save(&j->a->state);
        }
        if (!j->dry_run && j->adjust_of == BUDGET_ADJUST_MAIN)
                change_one(&round, pid);
        /* Again for what was forked meanwhile from those not yet changed. */
        for (int i = 0; !j->dry_run && j->adjust_of == BUDGET_ADJUST_ALL && i < ROUNDS; i++) {
                round.changed = 0;
                change_all(&round, j->dirfd);
                if (round.changed == 0)
                        break;
        }
        if (round.failed)
                apply_finish(j, LIMIT_OOM_SCORE_ADJUST, REEVE_OUTCOME_FAILED,
                             round.error == -EACCES || round.error == -EPERM ? REEVE_REASON_NOT_PERMITTED : REEVE_REASON_FAILED,
                             strerror(-round.error));
        else
                apply_finish(j, LIMIT_OOM_SCORE_ADJUST, REEVE_OUTCOME_DONE, c->reason, NULL);
}
