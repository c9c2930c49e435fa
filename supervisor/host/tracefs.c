#include "supervisor/host/tracefs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <tracefs.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/readfile.h"

int trace_open(Tracefs *ret, const char *given, char *reterr_why, size_t why_size) {
        const char *const places[] = { given ? given : "/sys/kernel/tracing", given ? NULL : "/sys/kernel/debug/tracing" };
        int error = -ENOENT;

        for (size_t i = 0; i < ELEMENTSOF(places) && places[i]; i++) {
                struct statfs fs;
                int fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                if (fd < 0) {
                        if (errno != ENOENT)
                                error = -errno;
                        continue;
                }
                /* By debugfs the old way it is an automount: the open has entered it. */
                if (fstatfs(fd, &fs) < 0)
                        error = -errno;
                else if (fs.f_type == TRACEFS_MAGIC) {
                        ret->fd = fd;
                        (void) snprintf(ret->path, sizeof(ret->path), "%s", places[i]);
                        (void) tracefs_set_tracing_dir(ret->path);
                        return 0;
                }
                close(fd);
        }
        (void) snprintf(reterr_why, why_size, "tracefs cannot be opened at %s: %s", places[0],
                        error == -ENOENT ? "not mounted" : strerror(-error));
        return error;
}

void trace_close(Tracefs *t) {
        fd_closep(&t->fd);
        t->fd = -1;
}

static int write_whole(int fd, const char *text) {
        size_t length = strlen(text);
        ssize_t n = write(fd, text, length);

        if (n < 0)
                return -errno;
        return (size_t) n == length ? 0 : -EIO;
}

int trace_write(int fd, const char *path, const char *text) {
        _cleanup_close_ int file = openat(fd, path, O_WRONLY | O_TRUNC | O_CLOEXEC);

        return file < 0 ? -errno : write_whole(file, text);
}

int trace_probe(const Tracefs *t, const char *line) {
        /* Without O_APPEND the open would remove everybody's probes. */
        _cleanup_close_ int file = openat(t->fd, "kprobe_events", O_WRONLY | O_APPEND | O_CLOEXEC);
        char text[4096];

        if (file < 0)
                return -errno;
        if ((size_t) snprintf(text, sizeof(text), "%s\n", line) >= sizeof(text))
                return -E2BIG;
        return write_whole(file, text);
}

int trace_pread_small(int fd, char *buffer, size_t size) {
        ssize_t n;

        do
                n = pread(fd, buffer, size - 1, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        buffer[n] = '\0';
        return (int) n;
}

int trace_pread(int fd, char *buffer, size_t size) {
        return (int) readfile_fd(fd, buffer, size);
}

int trace_read(int fd, const char *path, char *buffer, size_t size) {
        _cleanup_close_ int file = openat(fd, path, O_RDONLY | O_CLOEXEC);

        return file < 0 ? -errno : trace_pread(file, buffer, size);
}

int trace_read_number(int fd, const char *path, uint64_t *ret) {
        char text[64];
        const char *p = text;
        int r = trace_read(fd, path, text, sizeof(text));

        if (r < 0)
                return r;
        while (*p && !isdigit((unsigned char) *p))
                p++;
        if (!*p)
                return -EINVAL;
        *ret = strtoull(p, NULL, 10);
        return 0;
}

int trace_instance_open(const Tracefs *t, const char *name) {
        char path[128];
        int fd;

        (void) snprintf(path, sizeof(path), "instances/%s", name);
        fd = openat(t->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int trace_instance_make(const Tracefs *t, const char *name, bool *ret_made) {
        struct tracefs_instance *instance;

        errno = 0;
        instance = tracefs_instance_create(name);
        if (!instance)
                return errno > 0 ? -errno : -EIO;
        *ret_made = tracefs_instance_is_new(instance);
        tracefs_instance_free(instance);
        return trace_instance_open(t, name);
}

int trace_instance_remove(const Tracefs *t, const char *name) {
        char path[128];

        (void) snprintf(path, sizeof(path), "instances/%s", name);
        if (unlinkat(t->fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
                return -errno;
        return 0;
}

int trace_instances(const Tracefs *t, const char *prefix, void (*found)(const char *, void *), void *userdata) {
        _cleanup_close_ int fd = openat(t->fd, "instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!dir)
                return -errno;
        (void) fd_steal(&fd);
        while (errno = 0, (entry = readdir(dir)))
                if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
                        found(entry->d_name, userdata);
        return -errno;
}

/* Reads a file of unknown size. The caller frees. */
static int read_all(int dirfd, const char *path, char **ret) {
        _cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *text = NULL;
        size_t size = 0, at = 0;

        if (fd < 0)
                return -errno;
        for (;;) {
                if (at + 1 >= size) {
                        char *more = realloc(text, size = size * 2 + 8192);

                        if (!more)
                                return -ENOMEM;
                        text = more;
                }
                ssize_t n = read(fd, text + at, size - 1 - at);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                at += (size_t) n;
        }
        text[at] = '\0';
        *ret = ptr_steal(text);
        return 0;
}

int trace_probes(const Tracefs *t, const char *prefix, void (*found)(const char *, const char *, void *), void *userdata) {
        _cleanup_free_ char *text = NULL;
        int r = read_all(t->fd, "kprobe_events", &text);

        if (r < 0)
                return r;
        while (*text) {
                char *line = strrchr(text, '\n'), *colon, *slash, *end;

                if (line && line[1] == '\0') {
                        *line = '\0';
                        continue;
                }
                line = line ? line + 1 : text;
                colon = strchr(line, ':');
                slash = colon ? strchr(colon, '/') : NULL;
                end = slash ? strchr(slash, ' ') : NULL;
                if (end && strncmp(colon + 1, prefix, strlen(prefix)) == 0) {
                        *slash = *end = '\0';
                        found(colon + 1, slash + 1, userdata);
                }
                *line = '\0';
        }
        return 0;
}

void trace_last_error(const Tracefs *t, char *buffer, size_t size) {
        _cleanup_free_ char *log = NULL;
        char *line, *end;

        *buffer = '\0';
        if (read_all(t->fd, "error_log", &log) < 0)
                return;
        /* "[  12.3] trace_kprobe: error: Failed to register probe event", the command, a caret. The last one counts. */
        for (line = strstr(log, "error: "); line; line = end) {
                end = strstr(line + 1, "error: ");
                if (!end) {
                        line[strcspn(line, "\n")] = '\0';
                        (void) snprintf(buffer, size, "%s", line + strlen("error: "));
                }
        }
}

int trace_symbol(const char *symbol, char *ret_clone, size_t clone_size) {
        _cleanup_fclose_ FILE *f = fopen("/proc/kallsyms", "re");
        char line[512], name[256], type;
        size_t length = strlen(symbol);
        bool clone = false;

        if (!f)
                return -errno;
        while (fgets(line, sizeof(line), f)) {
                if (sscanf(line, "%*s %c %255s", &type, name) != 2 || strncmp(name, symbol, length) != 0)
                        continue;
                if (name[length] == '\0')
                        return 0;
                if (name[length] == '.' && !clone) {
                        (void) snprintf(ret_clone, clone_size, "%s", name);
                        clone = true;
                }
        }
        return ferror(f) ? -EIO : clone ? 1 : -ENOENT;
}
