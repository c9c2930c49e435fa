/* The processes of a payload: how they start there and how they end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/payload.h"

/* Rounds of finding and signalling when there is no cgroup.kill: each finds what the last one's victims forked. */
#define KILL_ROUNDS 64

static int write_self(int cgroup_fd) {
        _cleanup_close_ int fd = openat(cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, "0", 1) < 0)
                return -errno;
        return 0;
}

/* In the child: the caller's signal mask, then the command; what failed goes up the pipe. Dispositions were never touched,
 * so that what `nohup` ignored stays ignored. */
static void child_run(const Payload *p, bool move, char *const *command, const sigset_t *mask, int error_fd) {
        int r = move ? write_self(p->payload_fd) : 0;

        if (r == 0) {
                (void) sigprocmask(SIG_SETMASK, mask, NULL);
                (void) execvp(command[0], command);
                r = errno;                /* positive: the command's fault */
        }
        (void) !write(error_fd, &r, sizeof(r));
        _exit(127);
}

static pid_t clone_into(int cgroup_fd) {
        struct clone_args args = {
                .flags = CLONE_INTO_CGROUP,
                .exit_signal = SIGCHLD,
                .cgroup = (unsigned) cgroup_fd,
        };

        return (pid_t) syscall(SYS_clone3, &args, sizeof(args));
}

int payload_spawn(const Payload *p, char *const *command, const sigset_t *mask, pid_t *ret_pid) {
        _cleanup_close_ int read_fd = -1, write_fd = -1;
        bool move = false;
        int fds[2], said = 0;
        ssize_t n;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        read_fd = fds[0];
        write_fd = fds[1];
        pid = clone_into(p->payload_fd);
        /* ENOSYS: a seccomp filter or an old kernel; EPERM: a filter; the others: clone3 without this flag (before 5.7). */
        if (pid < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == E2BIG)) {
                move = true;
                pid = fork();
        }
        if (pid < 0)
                return -errno;
        if (pid == 0)
                child_run(p, move, command, mask, write_fd);
        fd_closep(&write_fd);
        write_fd = -1;
        do
                n = read(read_fd, &said, sizeof(said));
        while (n < 0 && errno == EINTR);
        if (n == (ssize_t) sizeof(said)) {
                (void) waitpid(pid, NULL, 0);
                return said;
        }
        *ret_pid = pid;
        return 0;
}

/* Still in the payload or below? A pid may have been given to a stranger since it was read. */
static bool is_ours(pid_t pid, const char *payload_path) {
        _cleanup_fclose_ FILE *f = NULL;
        _cleanup_free_ char *line = NULL;
        size_t size = 0, length = strlen(payload_path);
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d/cgroup", (int) pid);
        f = fopen(path, "re");
        while (f && getline(&line, &size, f) > 0)
                if (strncmp(line, "0::", 3) == 0 && strncmp(line + 3, payload_path, length) == 0 &&
                    (line[3 + length] == '/' || line[3 + length] == '\n'))
                        return true;
        return false;
}

static bool signal_one(const Payload *p, pid_t pid, int signo) {
        _cleanup_close_ int fd = (int) syscall(SYS_pidfd_open, pid, 0);

        if (fd < 0 || !is_ours(pid, p->path))
                return false;
        return syscall(SYS_pidfd_send_signal, fd, signo, NULL, 0) == 0;
}

static int signal_directory(const Payload *p, int dir_fd, int signo) {
        _cleanup_closedir_ DIR *d = NULL;
        _cleanup_fclose_ FILE *f = NULL;
        int fd, pid, count = 0;

        fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        f = fd < 0 ? NULL : fdopen(fd, "r");
        if (!f)
                fd_closep(&fd);
        while (f && fscanf(f, "%d", &pid) == 1)
                count += signal_one(p, pid, signo);
        fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        d = fd < 0 ? NULL : fdopendir(fd);
        if (!d)
                fd_closep(&fd);
        for (struct dirent *e; d && (e = readdir(d));) {
                _cleanup_close_ int below = -1;

                if (e->d_type != DT_DIR || e->d_name[0] == '.')
                        continue;
                below = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                if (below >= 0)
                        count += signal_directory(p, below, signo);
        }
        return count;
}

int payload_signal(const Payload *p, int signo) {
        return signal_directory(p, p->payload_fd, signo);
}

int payload_kill(const Payload *p) {
        int r = payload_set(p, "cgroup.kill", "1");

        if (r != -ENOENT)
                return r;
        /* Before 5.14. A process that forks between two looks leaves a child for the next. */
        for (int round = 0; round < KILL_ROUNDS; round++)
                if (payload_signal(p, SIGKILL) == 0)
                        break;
        return 0;
}
