#include "supervisor/host/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/readfile.h"

#define NSEC_PER_SEC UINT64_C(1000000000)

ssize_t proc_read(int32_t pid, const char *file, char *ret, size_t size) {
        char path[96];
        ssize_t n;

        if (pid <= 0)
                return -ESRCH;
        snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
        n = readfile_path(path, ret, size);
        return n == -ENOENT ? -ESRCH : n;
}

int proc_stat(int32_t pid, ProcStat *ret) {
        char text[1024];
        ssize_t n = proc_read(pid, "stat", text, sizeof(text));

        return n < 0 ? (int) n : proc_stat_parse(ret, text, (size_t) n);
}

int proc_status(int32_t pid, ProcStatus *ret) {
        char text[4096];
        ssize_t n = proc_read(pid, "status", text, sizeof(text));

        return n < 0 ? (int) n : proc_status_parse(ret, text, (size_t) n);
}

static bool has_ended(const ProcStatus *s) {
        return s->state == 'Z' || s->state == 'X';
}

static int thread_status(int32_t pid, ProcStatus *ret) {
        _cleanup_closedir_ DIR *dir = NULL;
        const struct dirent *entry;
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d/task", pid);
        dir = opendir(path);
        while (dir && (entry = readdir(dir))) {
                int32_t tid = (int32_t) strtol(entry->d_name, NULL, 10);

                if (tid > 0 && tid != pid && proc_status(tid, ret) == 0 && !has_ended(ret))
                        return 0;
        }
        return -ESRCH;
}

int proc_holder(int32_t pid, ProcStatus *ret) {
        int r = proc_status(pid, ret);

        return r == 0 && has_ended(ret) ? thread_status(pid, ret) : r;
}

int proc_cgroup(int32_t pid, char *ret, size_t size, bool *ret_deleted) {
        char text[8192];        /* hybrid hosts: a line for each v1 hierarchy, then ours */
        ProcCgroup c;
        ssize_t n = proc_read(pid, "cgroup", text, sizeof(text));
        int r;

        if (n < 0)
                return (int) n;
        r = proc_cgroup_parse(&c, text, (size_t) n);
        if (r < 0)
                return r;
        if (c.outside)
                return -EXDEV;
        if (c.length >= size || (size_t) n == sizeof(text) - 1)
                return -ENAMETOOLONG;
        memcpy(ret, c.path, c.length);
        ret[c.length] = '\0';
        if (ret_deleted)
                *ret_deleted = c.deleted;
        return (int) c.length;
}

int proc_adj(int32_t pid, int *ret) {
        char text[32], *end;
        ssize_t n = proc_read(pid, "oom_score_adj", text, sizeof(text));
        long value;

        if (n < 0)
                return (int) n;
        value = strtol(text, &end, 10);
        if (end == text || value < -1000 || value > 1000)
                return -EINVAL;
        *ret = (int) value;
        return 0;
}

ssize_t proc_cmdline(int32_t pid, char *ret, size_t size) {
        ssize_t n = proc_read(pid, "cmdline", ret, size);

        while (n > 0 && ret[n - 1] == '\0')
                n--;
        for (ssize_t i = 0; i < n; i++)
                if (ret[i] == '\0')
                        ret[i] = ' ';
        return n;
}

static uint64_t tick_nsec(void) {
        static uint64_t length;         /* the same whoever computes it */

        if (length == 0) {
                long hz = sysconf(_SC_CLK_TCK);

                length = NSEC_PER_SEC / (uint64_t) (hz > 0 ? hz : 100);
        }
        return length;
}

bool proc_same_start(uint64_t start_nsec, uint64_t ticks) {
        return start_nsec / tick_nsec() == ticks;
}

uint64_t proc_start_nsec(uint64_t ticks) {
        return ticks * tick_nsec();
}

/* Takes 32 hexadecimal digits from a file, dashes left out. */
static int read_id(const char *path, char ret[33]) {
        char text[64];
        ssize_t n = readfile_path(path, text, sizeof(text));
        size_t used = 0;

        if (n < 0)
                return (int) n;
        for (ssize_t i = 0; i < n && used < 32; i++)
                if (isxdigit((unsigned char) text[i]))
                        ret[used++] = (char) tolower((unsigned char) text[i]);
                else if (text[i] != '-')
                        break;
        ret[used] = '\0';
        return used == 32 ? 0 : -EINVAL;
}

int host_boot_id(char ret[33]) {
        return read_id("/proc/sys/kernel/random/boot_id", ret);
}

int host_machine_id(char ret[33]) {
        return read_id("/etc/machine-id", ret);
}

void host_name(char *ret, size_t size) {
        if (size == 0)
                return;
        if (gethostname(ret, size) < 0)
                ret[0] = '\0';
        ret[size - 1] = '\0';
}

/* How far @clock is ahead of @than, the tightest of some readings: being scheduled away in between would add to it. */
static int64_t clock_ahead(clockid_t clock, clockid_t than) {
        uint64_t best = UINT64_MAX;
        int64_t ahead = 0;

        for (int i = 0; i < 5; i++) {
                uint64_t before = clock_nsec(than), there = clock_nsec(clock), after = clock_nsec(than);

                if (after - before < best) {
                        best = after - before;
                        ahead = (int64_t) (there - (before + best / 2));
                }
        }
        return ahead;
}

int64_t clock_offset_nsec(void) {
        return clock_ahead(CLOCK_REALTIME, CLOCK_BOOTTIME);
}

int64_t clock_suspended_nsec(void) {
        int64_t ahead = clock_ahead(CLOCK_BOOTTIME, CLOCK_MONOTONIC);

        /* Never slept: the two are one clock, and what we measured is noise. */
        return ahead < 1000000 ? 0 : ahead;
}
