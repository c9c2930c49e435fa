/* The cgroups of truth, by directory fds only: deep names are longer than any path may be. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "truth.h"

_Noreturn void die(const char *what) {
        fprintf(stderr, "truth: %s: %s\n", what, strerror(errno));
        exit(1);
}

int file_write(int dir, const char *file, const char *text) {
        int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        ssize_t n = write(fd, text, strlen(text));
        int error = n < 0 ? -errno : 0;
        close(fd);
        return error;
}

void group_make(Group *g, const Group *parent, const char *name) {
        struct stat st;
        if (mkdirat(parent->fd, name, 0755) < 0)
                die(name);
        g->parent_fd = parent->fd;
        g->fd = openat(parent->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (g->fd < 0 || fstat(g->fd, &st) < 0)
                die(name);
        g->id = st.st_ino;
        snprintf(g->name, sizeof(g->name), "%s", name);
        if (snprintf(g->path, sizeof(g->path), "%s/%s", parent->path, name) >= (int) sizeof(g->path))
                die("a path too long for this program");
}

void group_set(const Group *g, const char *file, const char *text) {
        int error = file_write(g->fd, file, text);
        if (error < 0) {
                errno = -error;
                die(file);
        }
}

/* Zombies are not listed. */
bool group_has(const Group *g, pid_t pid) {
        int fd = openat(g->fd, "cgroup.procs", O_RDONLY | O_CLOEXEC), listed;
        FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
        bool found = false;
        while (f && !found && fscanf(f, "%d", &listed) == 1)
                found = listed == pid;
        if (f)
                fclose(f);
        return found;
}

void group_remove(const Group *g) {
        close(g->fd);
        while (unlinkat(g->parent_fd, g->name, AT_REMOVEDIR) < 0) {
                if (errno != EBUSY)
                        die(g->name);
                usleep(200);
        }
}
