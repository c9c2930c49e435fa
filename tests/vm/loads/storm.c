/* storm: OOM kills one after the other in cgroups that live as shortly as cgroups can.
 *
 *   storm [OPTIONS] PARENT COUNT
 *     --max BYTES      memory.max of each (4M)
 *     --prefix NAME    cgroups are NAMEn (storm)
 *     --same           one and the same name for all of them
 *     --keep           no rmdir
 *     --pause USEC     between two
 *     --procs N        N processes in each, memory.oom.group=1 (1)
 *
 * For each: mkdir, memory.max, clone into it (CLONE_INTO_CGROUP), wait for the kill, rmdir at once. Prints a line
 * "CGROUP_ID PID NAME" per kill that it saw (the process ended by SIGKILL), at the end "N kills". */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_at(int dir, const char *file, const char *text) {
        int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        ssize_t n = write(fd, text, strlen(text));
        int error = n < 0 ? -errno : 0;
        close(fd);
        return error;
}

static pid_t spawn_into(int dir) {
        struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t) dir };
        return (pid_t) syscall(SYS_clone3, &args, sizeof(args));
}

static void hog(void) {
        write_at(AT_FDCWD, "/proc/self/oom_score_adj", "0");
        for (;;) {
                char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (p == MAP_FAILED)
                        _exit(3);
                for (size_t at = 0; at < 1 << 20; at += 4096)
                        p[at] = 1;
        }
}

int main(int argc, char **argv) {
        const char *max = "4M", *prefix = "storm", *parent = NULL;
        long count = 0, usec = 0, procs = 1, kills = 0;
        bool same = false, keep = false;
        for (int i = 1; i < argc; i++) {
                if (!strcmp(argv[i], "--max"))
                        max = argv[++i];
                else if (!strcmp(argv[i], "--prefix"))
                        prefix = argv[++i];
                else if (!strcmp(argv[i], "--pause"))
                        usec = atol(argv[++i]);
                else if (!strcmp(argv[i], "--procs"))
                        procs = atol(argv[++i]);
                else if (!strcmp(argv[i], "--same"))
                        same = true;
                else if (!strcmp(argv[i], "--keep"))
                        keep = true;
                else if (!parent)
                        parent = argv[i];
                else
                        count = atol(argv[i]);
        }
        int top = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        if (top < 0 || count <= 0 || procs <= 0 || procs > 64) {
                fprintf(stderr, "usage: storm [OPTIONS] PARENT COUNT\n");
                return 2;
        }
        write_at(top, "cgroup.subtree_control", "+memory");
        /* Whoever reads along counts lines: each comes when it is true. */
        setvbuf(stdout, NULL, _IOLBF, 0);
        for (long n = 0; n < count; n++) {
                char name[256];
                snprintf(name, sizeof(name), same ? "%s" : "%s%ld", prefix, n);
                if (mkdirat(top, name, 0755) < 0) {
                        fprintf(stderr, "storm: mkdir %s: %s\n", name, strerror(errno));
                        return 1;
                }
                int dir = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                struct stat st;
                fstat(dir, &st);
                int error = write_at(dir, "memory.max", max);
                write_at(dir, "memory.swap.max", "0");
                if (procs > 1)
                        error = write_at(dir, "memory.oom.group", "1");
                if (error < 0) {
                        fprintf(stderr, "storm: %s: %s\n", name, strerror(-error));
                        return 1;
                }
                pid_t pids[64];
                for (long p = 0; p < procs; p++) {
                        pids[p] = spawn_into(dir);
                        if (pids[p] < 0) {
                                fprintf(stderr, "storm: clone3: %s\n", strerror(errno));
                                return 1;
                        }
                        if (pids[p] == 0) {
                                if (p == procs - 1)
                                        hog();
                                for (;;)
                                        pause();
                        }
                }
                bool killed = true;
                for (long p = 0; p < procs; p++) {
                        int status;
                        waitpid(pids[p], &status, 0);
                        killed = killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
                }
                if (killed) {
                        kills++;
                        printf("%llu %d %s\n", (unsigned long long) st.st_ino, pids[procs - 1], name);
                }
                close(dir);
                if (!keep)
                        while (unlinkat(top, name, AT_REMOVEDIR) < 0 && errno == EBUSY)
                                usleep(200);
                if (usec > 0)
                        usleep((useconds_t) usec);
        }
        printf("%ld kills\n", kills);
        return kills == count ? 0 : 1;
}
