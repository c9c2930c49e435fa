#include "supervisor/host/cgroupfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "policies/hex.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"
#include "supervisor/host/readfile.h"
#include "supervisor/text/kernfile.h"

enum { HANDLE_KERNFS = 0xfe };          /* FILEID_KERNFS: eight bytes, the id */
enum { DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK };

/* The kernel has three words for "this cgroup does not exist any more". */
static int gone(int error) {
        return error == ESTALE || error == ENODEV || error == ENOENT ? -ENODEV : -error;
}

int cgroupfs_id(int dirfd, uint64_t *ret) {
        struct stat st;

        if (fstat(dirfd, &st) < 0)
                return gone(errno);
        *ret = st.st_ino;
        return 0;
}

int cgroupfs_open(Cgroupfs *ret, const char *root) {
        struct statfs sfs;
        int fd, r;

        *ret = (Cgroupfs) { .root_fd = -1 };
        if (strlen(root) >= sizeof(ret->root))
                return -ENAMETOOLONG;
        ret->root_fd = open(root, DIR_FLAGS);
        if (ret->root_fd < 0)
                return -errno;
        if (fstatfs(ret->root_fd, &sfs) < 0)
                r = -errno;
        else if (sfs.f_type != CGROUP2_SUPER_MAGIC)
                r = -ENOTSUP;
        else
                r = cgroupfs_id(ret->root_fd, &ret->root_id);
        if (r < 0) {
                cgroupfs_close(ret);
                return r;
        }
        strcpy(ret->root, root);
        fd = cgroupfs_open_id(ret, ret->root_id);
        ret->by_handle = fd >= 0;
        fd_closep(&fd);
        return 0;
}

void cgroupfs_close(Cgroupfs *fs) {
        fd_closep(&fs->root_fd);
        fs->root_fd = -1;
}

int cgroupfs_open_id(const Cgroupfs *fs, uint64_t id) {
        union {
                struct file_handle handle;
                char room[sizeof(struct file_handle) + sizeof(uint64_t)];
        } h = { .handle = { .handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS } };
        int fd;

        if (id == 0)
                return -ENODEV;
        memcpy(h.room + sizeof(struct file_handle), &id, sizeof(id));
        fd = open_by_handle_at(fs->root_fd, &h.handle, DIR_FLAGS);
        if (fd < 0)
                return gone(errno);
        /* 5.10 gives a removed cgroup out as long as anybody holds it open, ourselves for one: it has no files any more. */
        if (faccessat(fd, "cgroup.procs", F_OK, 0) < 0) {
                close(fd);
                return -ENODEV;
        }
        return fd;
}

/* Level by level, as openat2() would: RestrictSUIDSGID= takes that call away with ENOSYS, since its flags cannot be
 * filtered. @path has no leading '/'. */
static int open_beneath(int root_fd, const char *path) {
        _cleanup_close_ int fd = openat(root_fd, ".", DIR_FLAGS);
        struct stat root, here;
        char name[NAME_MAX + 1];

        if (fd < 0 || fstat(fd, &root) < 0)
                return -errno;
        while (*path) {
                size_t n = strcspn(path, "/");
                int next;

                if (n > NAME_MAX)
                        return -ENODEV;
                memcpy(name, path, n);
                name[n] = '\0';
                path += n + strspn(path + n, "/");
                if (strcmp(name, "..") == 0)
                        return -EINVAL;
                next = openat(fd, name, DIR_FLAGS | O_NOFOLLOW);
                if (next < 0)
                        return errno == ELOOP || errno == ENOTDIR ? -EINVAL : gone(errno);
                (void) close(fd);
                fd = next;
                if (fstat(fd, &here) < 0 || here.st_dev != root.st_dev)
                        return -EINVAL;
        }
        return fd_steal(&fd);
}

int cgroupfs_open_path(const Cgroupfs *fs, const char *path) {
        struct open_how how = { .flags = DIR_FLAGS, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
        long fd;

        if (*path != '/')
                return -EINVAL;
        while (*path == '/')
                path++;
        if (*path == '\0')
                path = ".";
        do
                fd = syscall(SYS_openat2, fs->root_fd, path, &how, sizeof(how));
        while (fd < 0 && (errno == EAGAIN || errno == EINTR));
        if (fd >= 0)
                return (int) fd;
        if (errno == ENOSYS)
                return open_beneath(fs->root_fd, strcmp(path, ".") == 0 ? "" : path);
        return errno == EXDEV || errno == ELOOP || errno == ENOTDIR ? -EINVAL : gone(errno);
}

int cgroupfs_open_sure(const Cgroupfs *fs, uint64_t id, const char *path) {
        _cleanup_close_ int fd = -1;
        uint64_t found;

        /* By name first: a handle whose directory nobody has looked up yet makes the kernel search all its siblings for the
         * name (ten thousand of them: 8 ms each time, emulated). */
        if (path && *path == '/')
                fd = cgroupfs_open_path(fs, path);
        if (fd >= 0 && cgroupfs_id(fd, &found) == 0 && found == id)
                return fd_steal(&fd);
        if (fs->by_handle || !path || *path != '/')
                return cgroupfs_open_id(fs, id);
        return fd < 0 ? fd : -ENODEV;
}

int cgroupfs_path(const Cgroupfs *fs, int dirfd, char *ret, size_t size) {
        static const char deleted[] = " (deleted)";
        char link[64], whole[4096 + sizeof(fs->root)];
        size_t root = strlen(fs->root), n;
        ssize_t length;

        while (root > 0 && fs->root[root - 1] == '/')
                root--;
        snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
        length = readlink(link, whole, sizeof(whole) - 1);
        if (length < 0)
                return -errno;
        if ((size_t) length >= sizeof(whole) - 1)
                return -ENAMETOOLONG;
        whole[length] = '\0';
        n = (size_t) length;
        if (n > sizeof(deleted) && strcmp(whole + n - (sizeof(deleted) - 1), deleted) == 0) {
                struct stat here, there;

                /* A directory may really be called so. (A removed one keeps its link count in kernfs.) */
                if (fstat(dirfd, &here) < 0 || lstat(whole, &there) < 0 || here.st_ino != there.st_ino)
                        return -ENODEV;
        }
        if (strncmp(whole, fs->root, root) != 0 || (whole[root] != '/' && whole[root] != '\0'))
                return -ENODEV;
        n -= root;
        if (n == 0) {
                strcpy(whole + root, "/");
                n = 1;
        }
        if (n >= size)
                return -ENAMETOOLONG;
        memcpy(ret, whole + root, n + 1);
        return (int) n;
}

int cgroupfs_open_file(int dirfd, const char *file, int flags) {
        int fd = openat(dirfd, file, flags | O_CLOEXEC | O_NOCTTY);

        if (fd >= 0)
                return fd;
        if (errno != ENOENT)
                return gone(errno);
        /* No such file: either the cgroup is gone, or it lives without that controller. */
        return faccessat(dirfd, "cgroup.procs", F_OK, 0) == 0 ? -ENOENT : -ENODEV;
}

ssize_t cgroupfs_reread(int fd, char *ret, size_t size) {
        ssize_t n = readfile_fd(fd, ret, size);

        return n < 0 ? gone((int) -n) : n;
}

ssize_t cgroupfs_read(int dirfd, const char *file, char *ret, size_t size) {
        _cleanup_close_ int fd = cgroupfs_open_file(dirfd, file, O_RDONLY);

        return fd < 0 ? fd : cgroupfs_reread(fd, ret, size);
}

int cgroupfs_read_number(int dirfd, const char *file, int64_t *ret) {
        char text[64];
        ssize_t n = cgroupfs_read(dirfd, file, text, sizeof(text));

        return n < 0 ? (int) n : kernfile_number(text, (size_t) n, ret);
}

int cgroupfs_write(int dirfd, const char *file, const char *text) {
        _cleanup_close_ int fd = cgroupfs_open_file(dirfd, file, O_WRONLY);
        size_t length = strlen(text);
        ssize_t n;

        if (fd < 0)
                return fd;
        /* One write is one command to the kernel: a rest must not be sent as another. EINTR is the deadline's signal. */
        n = write(fd, text, length);
        if (n < 0)
                return errno == ENODEV ? -ENODEV : -errno;
        return (size_t) n == length ? 0 : -EIO;
}

int cgroupfs_children(int dirfd, CgroupfsEach each, void *userdata) {
        _cleanup_closedir_ DIR *dir = NULL;
        _cleanup_close_ int fd = openat(dirfd, ".", DIR_FLAGS);
        struct dirent *entry;

        if (fd < 0)
                return gone(errno);
        dir = fdopendir(fd);
        if (!dir)
                return -errno;
        (void) fd_steal(&fd);
        while (errno = 0, (entry = readdir(dir))) {
                int r;

                if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                r = each(userdata, entry->d_name, entry->d_ino);
                if (r < 0)
                        return r;
        }
        return errno ? gone(errno) : 0;
}

bool cgroupfs_invocation(int dirfd, uint8_t ret[16]) {
        static const char *const names[] = { "user.invocation_id", "trusted.invocation_id" };
        char text[33];

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                if (fgetxattr(dirfd, names[i], text, sizeof(text)) != 32)
                        continue;
                for (size_t b = 0; b < 16; b++) {
                        int high = hex_digit_lower(text[2 * b]), low = hex_digit_lower(text[2 * b + 1]);

                        if (high < 0 || low < 0)
                                return false;
                        ret[b] = (uint8_t) (high * 16 + low);
                }
                return true;
        }
        return false;
}

int cgroupfs_own_id(const Cgroupfs *fs, uint64_t *ret) {
        _cleanup_close_ int fd = -1;
        char path[4096];
        int r = proc_cgroup(getpid(), path, sizeof(path), NULL);

        if (r < 0)
                return r;
        fd = cgroupfs_open_path(fs, path);
        return fd < 0 ? fd : cgroupfs_id(fd, ret);
}
