#pragma once
/* For tests that need a real cgroup v2 with the memory controller, and root: the virtual machine's. Elsewhere they are
 * skipped. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/host/cgroupfs.h"
#include "supervisor/host/mounts.h"

static Cgroupfs live_fs;
static char live_root[4096 + 64];       /* an own cgroup's directory; its path below the root is live_path */
static char live_path[64];

static inline void live_write(const char *cgroup, const char *file, const char *text) {
        char path[8192];
        int fd;

        snprintf(path, sizeof(path), "%s%s", live_root, cgroup);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (cgroupfs_write(fd, file, text) < 0)
                fprintf(stderr, "%s/%s: cannot write %s\n", path, file, text);
        close(fd);
}

/* Makes a cgroup with the memory controller; returns its id. */
static inline uint64_t live_make(const char *cgroup, const char *max) {
        char path[8192];
        struct stat st;

        snprintf(path, sizeof(path), "%s%s", live_root, cgroup);
        if (mkdir(path, 0755) < 0 || stat(path, &st) < 0)
                abort();
        if (max) {
                live_write(cgroup, "memory.max", max);
                live_write(cgroup, "memory.swap.max", "0");
        }
        return st.st_ino;
}

static inline void live_remove(const char *cgroup) {
        char path[8192];

        snprintf(path, sizeof(path), "%s%s", live_root, cgroup);
        for (int i = 0; i < 100 && rmdir(path) < 0 && errno == EBUSY; i++)
                usleep(20000);
}

/* Starts a process in @cgroup that uses @bytes and waits to be killed; not reaped. */
static inline pid_t live_hog(const char *cgroup, size_t bytes) {
        pid_t pid = fork();

        if (pid == 0) {
                char *p;

                live_write(cgroup, "cgroup.procs", "0");
                p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (p != MAP_FAILED)
                        memset(p, 1, bytes);
                pause();
                _exit(0);
        }
        return pid;
}

/* Returns true and the own cgroup made; false: skip. */
static inline bool live_begin(void) {
        static CgroupMount m;
        int fd;

        if (getuid() != 0 || mounts_find(&m, NULL) < 0 || !m.memory || m.read_only || cgroupfs_open(&live_fs, m.where) < 0)
                return false;
        snprintf(live_path, sizeof(live_path), "/reeve-unit-%d", getpid());
        snprintf(live_root, sizeof(live_root), "%s%s", m.where, live_path);
        (void) cgroupfs_write(live_fs.root_fd, "cgroup.subtree_control", "+memory");
        if (mkdir(live_root, 0755) < 0)
                return false;
        fd = open(live_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (cgroupfs_write(fd, "cgroup.subtree_control", "+memory") < 0)
                return false;
        close(fd);
        return true;
}

static inline void live_end(void) {
        live_remove("");
        cgroupfs_close(&live_fs);
}
