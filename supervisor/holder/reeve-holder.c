/* reeve-holder: keeps reeve-groups.service alive. A unit with Delegate= lives as long as a process of it, and a cgroup that
 * has controllers for its children may hold none itself: so the holder goes into the leaf .holder, switches the memory
 * controller on for its neighbours, says that it is ready, and sleeps. Nothing of Reeve's needs it to do more, so that an
 * upgrade never has a reason to restart it, and with it all that runs in owned cgroups. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Where we are below the cgroup2 mount. Returns 0 or -errno. */
static int own_path(char *ret, size_t size) {
        FILE *f = fopen("/proc/self/cgroup", "re");
        int r = -ENOENT;

        if (!f)
                return -errno;
        while (fgets(ret, (int) size, f))
                if (strncmp(ret, "0::/", 4) == 0) {
                        ret[strcspn(ret, "\n")] = 0;
                        memmove(ret, ret + 3, strlen(ret + 3) + 1);
                        r = 0;
                        break;
                }
        (void) fclose(f);
        return r;
}

static int write_at(int dir, const char *name, const char *value) {
        int fd = openat(dir, name, O_WRONLY | O_CLOEXEC), r = 0;

        if (fd < 0)
                return -errno;
        if (write(fd, value, strlen(value)) < 0)
                r = -errno;
        (void) close(fd);
        return r;
}

/* What sd_notify() does, without the library. */
static void notify(const char *state) {
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        size_t length = path ? strlen(path) : 0;
        int fd;

        if (length == 0 || length >= sizeof(a.sun_path))
                return;
        memcpy(a.sun_path, path, length);
        if (a.sun_path[0] == '@')
                a.sun_path[0] = 0;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return;
        (void) sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *) &a,
                      (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length));
        (void) close(fd);
}

static int fail(const char *what, int error) {
        (void) fprintf(stderr, "reeve-holder: %s: %s\n", what, strerror(-error));
        return EXIT_FAILURE;
}

int main(int argc, char **argv) {
        const char *mount = argc > 1 ? argv[1] : "/sys/fs/cgroup";
        char own[4096], path[8192];
        int dir, leaf, r;

        r = own_path(own, sizeof(own));
        if (r < 0)
                return fail("/proc/self/cgroup", r);
        (void) snprintf(path, sizeof(path), "%s%s", mount, own);
        dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return fail(path, -errno);
        if (mkdirat(dir, ".holder", 0755) < 0 && errno != EEXIST)
                return fail("cannot make .holder", -errno);
        leaf = openat(dir, ".holder", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (leaf < 0)
                return fail(".holder", -errno);
        r = write_at(leaf, "cgroup.procs", "0");
        if (r < 0)
                return fail("cannot move into .holder", r);
        r = write_at(dir, "cgroup.subtree_control", "+memory");
        if (r < 0)
                return fail("cannot enable the memory controller", r);
        (void) close(leaf);
        (void) close(dir);
        (void) prctl(PR_SET_NAME, "reeve-holder", 0, 0, 0);
        notify("READY=1\nSTATUS=Holding the cgroups that Reeve makes.");
        for (;;)
                (void) pause();
}
