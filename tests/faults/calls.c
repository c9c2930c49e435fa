/* The calls themselves, each under the name that calls.syms gives it in the room's archive. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-journal.h>
#include <bpf/btf.h>
#include <tracefs.h>
#include <unistd.h>

#include "tests/faults/faults.h"
#include "tests/faults/stage.h"

enum { IO_ERR_SEEN = 0x20 };            /* what glibc's ferror() asks of _flags */

#define SITE __builtin_return_address(0)

/* A call that answers @bad with errno: TYPE faults_NAME(PARAMETERS), forwarded as CALL. */
#define ERRNO_CALL(type, bad, name, parameters, what, call)                      \
        type faults_##name parameters;                                           \
        type faults_##name parameters {                                          \
                int error = faults_due(#name, what, SITE);                       \
                                                                                 \
                if (error) {                                                     \
                        errno = error;                                           \
                        return bad;                                              \
                }                                                                \
                return call;                                                     \
        }

/* ... and one that answers a negative error itself. */
#define CODE_CALL(name, parameters, what, code, call)                            \
        int faults_##name parameters;                                            \
        int faults_##name parameters {                                           \
                int error = faults_due(#name, what, SITE);                       \
                                                                                 \
                return error ? code : call;                                      \
        }

static int kept(int fd) {
        faults_opened(fd);
        return fd;
}

/* ---- opening ---- */

/* open() and openat() take a mode where they may make a file. */
#define OPEN_CALL(name, parameters, call)                                        \
        int faults_##name parameters;                                            \
        int faults_##name parameters {                                           \
                int error = faults_due(#name, path, SITE);                       \
                mode_t mode = 0;                                                 \
                va_list ap;                                                      \
                                                                                 \
                va_start(ap, flags);                                             \
                if (flags & (O_CREAT | O_TMPFILE))                               \
                        mode = va_arg(ap, mode_t);                               \
                va_end(ap);                                                      \
                if (error) {                                                     \
                        errno = error;                                           \
                        return -1;                                               \
                }                                                                \
                return kept(call);                                               \
        }

static bool is_staged_log(const char *path) {
        return stage() && strcmp(path, "/dev/kmsg") == 0;
}

OPEN_CALL(open, (const char *path, int flags, ...), is_staged_log(path) ? stage_kmsg_open() : open(path, flags, mode))
OPEN_CALL(openat, (int dir, const char *path, int flags, ...), openat(dir, path, flags, mode))
ERRNO_CALL(int, -1, openat_2, (int dir, const char *path, int flags), path, kept(openat(dir, path, flags, 0)))
ERRNO_CALL(int, -1, open_by_handle_at, (int mount, struct file_handle *handle, int flags), "",
           kept(stage() ? stage_open_handle(handle, flags) : open_by_handle_at(mount, handle, flags)))
ERRNO_CALL(int, -1, epoll_create1, (int flags), "", kept(epoll_create1(flags)))
ERRNO_CALL(int, -1, pipe2, (int fds[2], int flags), "", pipe2(fds, flags))
ERRNO_CALL(int, -1, dup, (int fd), "", kept(dup(fd)))

/* Not a call that fails; but it is by this that what was opened for the stage goes. */
int faults_close(int fd);
int faults_close(int fd) {
        if (stage_kmsg_is(fd))
                stage_kmsg_close(fd);
        return close(fd);
}

/* openat2, process_mrelease, pidfds. */
long faults_syscall(long number, ...);
long faults_syscall(long number, ...) {
        char text[32];
        long a[6], r;
        va_list ap;
        int error;

        (void) snprintf(text, sizeof(text), "%ld", number);
        va_start(ap, number);
        for (size_t i = 0; i < 6; i++)
                a[i] = va_arg(ap, long);
        va_end(ap);
        error = faults_due("syscall", number == SYS_openat2 ? (const char *) a[1] : text, SITE);
        if (error) {
                errno = error;
                return -1;
        }
        r = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (number == SYS_openat2)
                faults_opened((int) r);
        return r;
}

/* ---- reading and writing ---- */

/* Half of the @n bytes read, the rest comes with the next read. Of what cannot be read twice all is given. */
static ssize_t half(int fd, ssize_t n, bool moves) {
        ssize_t given = n > 1 ? n / 2 : n;

        if (given < n && moves && lseek(fd, given - n, SEEK_CUR) < 0)
                return n;
        return given;
}

ssize_t faults_read(int fd, void *buffer, size_t size);
ssize_t faults_read(int fd, void *buffer, size_t size) {
        int error = faults_due_read("read", SITE);
        ssize_t n;

        if (error > 0) {
                errno = error;
                return -1;
        }
        if (stage_kmsg_is(fd))
                return stage_kmsg_read(fd, buffer, size);
        n = read(fd, buffer, size);
        return error == FAULT_SHORT && n > 0 ? half(fd, n, true) : n;
}

ssize_t faults_pread(int fd, void *buffer, size_t size, off_t at);
ssize_t faults_pread(int fd, void *buffer, size_t size, off_t at) {
        int error = faults_due_read("pread", SITE);
        ssize_t n;

        if (error > 0) {
                errno = error;
                return -1;
        }
        n = pread(fd, buffer, size, at);
        return error == FAULT_SHORT && n > 0 ? half(fd, n, false) : n;
}

off_t faults_lseek(int fd, off_t offset, int whence);
off_t faults_lseek(int fd, off_t offset, int whence) {
        int error = faults_due("lseek", "", SITE);

        if (error) {
                errno = error;
                return -1;
        }
        return stage_kmsg_is(fd) ? stage_kmsg_end(fd) : lseek(fd, offset, whence);
}

ERRNO_CALL(ssize_t, -1, write, (int fd, const void *data, size_t size), "", write(fd, data, size))
ERRNO_CALL(ssize_t, -1, recvmsg, (int fd, struct msghdr *m, int flags), "", recvmsg(fd, m, flags))
ERRNO_CALL(ssize_t, -1, readlink, (const char *path, char *ret, size_t size), path, readlink(path, ret, size))
ERRNO_CALL(ssize_t, -1, fgetxattr, (int fd, const char *name, void *ret, size_t size), name, fgetxattr(fd, name, ret, size))
ERRNO_CALL(int, -1, fsync, (int fd), "", fsync(fd))
ERRNO_CALL(int, -1, fcntl, (int fd, int command, long argument), "", fcntl(fd, command, argument))
ERRNO_CALL(int, -1, setsockopt, (int fd, int level, int name, const void *value, socklen_t size), "",
           setsockopt(fd, level, name, value, size))
ERRNO_CALL(int, -1, getsockopt, (int fd, int level, int name, void *value, socklen_t *size), "",
           getsockopt(fd, level, name, value, size))
ERRNO_CALL(int, -1, epoll_ctl, (int fd, int what, int which, struct epoll_event *event), "", epoll_ctl(fd, what, which, event))
ERRNO_CALL(int, -1, poll, (struct pollfd *fds, nfds_t n, int wait), "", poll(fds, n, wait))
ERRNO_CALL(void *, MAP_FAILED, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t offset), "",
           mmap(at, size, protection, flags, fd, offset))

/* ---- names ---- */

ERRNO_CALL(int, -1, stat, (const char *path, struct stat *ret), path, stat(path, ret))
ERRNO_CALL(int, -1, lstat, (const char *path, struct stat *ret), path, lstat(path, ret))
ERRNO_CALL(int, -1, fstat, (int fd, struct stat *ret), "", fstat(fd, ret))
ERRNO_CALL(int, -1, access, (const char *path, int mode), path, access(path, mode))
ERRNO_CALL(int, -1, faccessat, (int dir, const char *path, int mode, int flags), path, faccessat(dir, path, mode, flags))
ERRNO_CALL(int, -1, mkdir, (const char *path, mode_t mode), path, mkdir(path, mode))
ERRNO_CALL(int, -1, mkdirat, (int dir, const char *path, mode_t mode), path, mkdirat(dir, path, mode))
ERRNO_CALL(int, -1, rmdir, (const char *path), path, rmdir(path))
ERRNO_CALL(int, -1, unlink, (const char *path), path, unlink(path))
ERRNO_CALL(int, -1, unlinkat, (int dir, const char *path, int flags), path, unlinkat(dir, path, flags))
ERRNO_CALL(int, -1, renameat, (int a, const char *from, int b, const char *to), from, renameat(a, from, b, to))

static int staged(int r, const char *path, struct statfs *fs) {
        if (r == 0)
                stage_statfs(path, fs);
        return r;
}

static int staged_fd(int r, int fd, struct statfs *fs) {
        char link[64], path[4096];
        ssize_t n;

        (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        path[n > 0 ? n : 0] = '\0';
        return staged(r, path, fs);
}

ERRNO_CALL(int, -1, statfs, (const char *path, struct statfs *ret), path, staged(statfs(path, ret), path, ret))
ERRNO_CALL(int, -1, fstatfs, (int fd, struct statfs *ret), "", staged_fd(fstatfs(fd, ret), fd, ret))

/* ---- streams ---- */

static FILE *kept_file(FILE *f) {
        if (f)
                faults_opened(fileno(f));
        return f;
}

static DIR *kept_dir(DIR *d) {
        if (d)
                faults_opened(dirfd(d));
        return d;
}

static void *broken(FILE *f, int error) {
        f->_flags |= IO_ERR_SEEN;
        errno = error;
        return NULL;
}

ERRNO_CALL(FILE *, NULL, fopen, (const char *path, const char *mode), path, kept_file(fopen(path, mode)))
ERRNO_CALL(FILE *, NULL, fdopen, (int fd, const char *mode), "", fdopen(fd, mode))
ERRNO_CALL(DIR *, NULL, opendir, (const char *path), path, kept_dir(opendir(path)))
ERRNO_CALL(DIR *, NULL, fdopendir, (int fd), "", kept_dir(fdopendir(fd)))
ERRNO_CALL(struct dirent *, NULL, readdir, (DIR *d), "", readdir(d))

ssize_t faults_getdelim(char **line, size_t *room, int delimiter, FILE *f);
ssize_t faults_getdelim(char **line, size_t *room, int delimiter, FILE *f) {
        int error = faults_due("getdelim", "", SITE);

        return error ? (broken(f, error), -1) : getdelim(line, room, delimiter, f);
}

char *faults_fgets(char *line, int size, FILE *f);
char *faults_fgets(char *line, int size, FILE *f) {
        /* Once a file: the kernel's symbols are a hundred thousand lines. */
        int error = ftell(f) == 0 ? faults_due("fgets", "", SITE) : 0;

        return error ? broken(f, error) : fgets(line, size, f);
}

/* ---- processes ---- */

ERRNO_CALL(pid_t, -1, fork, (void), "", fork())
ERRNO_CALL(int, -1, kill, (pid_t pid, int number), "", kill(pid, number))
ERRNO_CALL(pid_t, -1, waitpid, (pid_t pid, int *status, int flags), "", waitpid(pid, status, flags))

/* ---- libraries ---- */

ERRNO_CALL(struct tracefs_instance *, NULL, tracefs_instance_create, (const char *name), name, tracefs_instance_create(name))
ERRNO_CALL(struct btf *, NULL, btf__parse, (const char *path, struct btf_ext **ext), path, btf__parse(path, ext))
CODE_CALL(genl_connect, (struct nl_sock *s), "", -NLE_FAILURE, genl_connect(s))
CODE_CALL(genl_ctrl_resolve, (struct nl_sock *s, const char *name), name, -NLE_FAILURE, genl_ctrl_resolve(s, name))

/* It takes the message, whatever comes of it. */
int faults_nl_send_sync(struct nl_sock *s, struct nl_msg *m);
int faults_nl_send_sync(struct nl_sock *s, struct nl_msg *m) {
        if (faults_due("nl_send_sync", "", SITE)) {
                nlmsg_free(m);
                return -NLE_FAILURE;
        }
        return nl_send_sync(s, m);
}

CODE_CALL(sd_bus_open_system, (sd_bus **ret), "", -error, stage() ? -ENOENT : sd_bus_open_system(ret))
CODE_CALL(sd_bus_open_user, (sd_bus **ret), "", -error, stage() ? -ENOENT : sd_bus_open_user(ret))
CODE_CALL(sd_bus_call, (sd_bus *bus, sd_bus_message *m, uint64_t usec, sd_bus_error *e, sd_bus_message **reply), "", -error,
          sd_bus_call(bus, m, usec, e, reply))
CODE_CALL(sd_bus_call_async, (sd_bus *bus, sd_bus_slot **slot, sd_bus_message *m, sd_bus_message_handler_t done, void *userdata,
          uint64_t usec), "", -error, sd_bus_call_async(bus, slot, m, done, userdata, usec))
CODE_CALL(sd_bus_process, (sd_bus *bus, sd_bus_message **ret), "", -error, sd_bus_process(bus, ret))
CODE_CALL(sd_bus_wait, (sd_bus *bus, uint64_t usec), "", -error, sd_bus_wait(bus, usec))

static int open_staged_journal(sd_journal **ret) {
        char path[4096];

        (void) snprintf(path, sizeof(path), "%s/journal", stage());
        return sd_journal_open_directory(ret, path, 0);
}

CODE_CALL(sd_journal_open, (sd_journal **ret, int flags), "", -error, stage() ? open_staged_journal(ret) : sd_journal_open(ret, flags))
CODE_CALL(sd_journal_next, (sd_journal *j), "", -error, sd_journal_next(j))
CODE_CALL(sd_journal_sendv, (const struct iovec *fields, int n), "", -error, stage() ? 0 : sd_journal_sendv(fields, n))
