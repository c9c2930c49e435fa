#include "supervisor/host/payload.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"

static int read_at(int dir_fd, const char *name, char *ret, size_t size) {
        _cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = read(fd, ret, size - 1);
        if (n < 0)
                return -errno;
        ret[n] = 0;
        return 0;
}

static int write_at(int dir_fd, const char *name, const char *value) {
        _cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static bool lists_memory(int dir_fd, const char *name) {
        char text[512];

        if (read_at(dir_fd, name, text, sizeof(text)) < 0)
                return false;
        for (char *save = NULL, *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
                if (strcmp(word, "memory") == 0)
                        return true;
        return false;
}

/* Reads where this process is below the cgroup2 mount ("/user.slice/..."). Returns 0 or -errno. */
static int own_path(char *ret, size_t size) {
        _cleanup_fclose_ FILE *f = fopen("/proc/self/cgroup", "re");
        _cleanup_free_ char *line = NULL;
        size_t room = 0;
        ssize_t n;

        if (!f)
                return -errno;
        while ((n = getline(&line, &room, f)) > 0) {
                if (strncmp(line, "0::/", 4) != 0)
                        continue;
                line[n - 1] = 0;
                if ((size_t) n - 3 > size)
                        return -ENAMETOOLONG;
                (void) strcpy(ret, line + 3);
                return 0;
        }
        return -ENOENT;
}

/* The id the kernel gives a cgroup is its inode number where inodes have 64 bits. */
static uint64_t directory_id(int fd) {
        struct stat st;

        return fstat(fd, &st) == 0 ? (uint64_t) st.st_ino : 0;
}

static int open_leaf(int top_fd, const char *name) {
        int fd;

        if (mkdirat(top_fd, name, 0755) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

static int complain(int r, char *reterr, size_t err_size, const char *what, const char *path) {
        Strbuf b = { .data = reterr, .size = err_size };

        strbuf_printf(&b, "%s %s: %s", what, path, strerror(-r));
        return r;
}

/* The two leaves below an open @p->top_fd with the path @top; the order matters: a cgroup with processes of its own
 * cannot have controllers for its children. */
static int make_leaves(Payload *p, const char *top, char *reterr, size_t err_size) {
        _cleanup_close_ int supervisor_fd = -1;
        int r;

        supervisor_fd = open_leaf(p->top_fd, "supervisor");
        if (supervisor_fd < 0)
                return complain(supervisor_fd, reterr, err_size, "cannot make the leaf supervisor in", top);
        r = write_at(supervisor_fd, "cgroup.procs", "0");
        if (r < 0)
                return complain(r, reterr, err_size, "cannot move into the leaf supervisor of", top);
        if (!lists_memory(p->top_fd, "cgroup.subtree_control")) {
                r = write_at(p->top_fd, "cgroup.subtree_control", "+memory");
                if (r < 0)
                        return complain(r, reterr, err_size, "cannot enable the memory controller below", top);
        }
        p->payload_fd = open_leaf(p->top_fd, "payload");
        if (p->payload_fd < 0)
                return complain(p->payload_fd, reterr, err_size, "cannot make the leaf payload in", top);
        p->events_fd = openat(p->payload_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
        if (p->events_fd < 0)
                return complain(-errno, reterr, err_size, "cannot open cgroup.events of the payload in", top);
        p->id = directory_id(p->payload_fd);
        (void) snprintf(p->path, sizeof(p->path), "%s%s/payload", strcmp(top, "/") == 0 ? "" : top, "");
        return 0;
}

static void close_all(Payload *p) {
        fd_closep(&p->top_fd);
        fd_closep(&p->payload_fd);
        fd_closep(&p->events_fd);
        fd_closep(&p->home_fd);
        if (p->made_top)
                fd_closep(&p->parent_fd);
        *p = (Payload) PAYLOAD_INIT;
}

void payload_leave(Payload *p) {
        if (p->top_fd >= 0)
                (void) unlinkat(p->top_fd, "payload", AT_REMOVEDIR);
        if (p->made_top) {
                if (p->home_fd >= 0)
                        (void) write_at(p->home_fd, "cgroup.procs", "0");
                (void) unlinkat(p->top_fd, "supervisor", AT_REMOVEDIR);
                (void) unlinkat(p->parent_fd, p->name, AT_REMOVEDIR);
        }
        close_all(p);
}

int payload_enter(Payload *ret, const char *mount, char *reterr, size_t err_size) {
        Payload p = PAYLOAD_INIT;
        char own[3072], path[4096];
        int r;

        r = own_path(own, sizeof(own));
        if (r < 0)
                return complain(r, reterr, err_size, "cannot read", "/proc/self/cgroup");
        (void) snprintf(path, sizeof(path), "%s%s", mount, own);
        p.top_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (p.top_fd < 0)
                return complain(-errno, reterr, err_size, "cannot open", path);
        if (!lists_memory(p.top_fd, "cgroup.controllers")) {
                Strbuf b = { .data = reterr, .size = err_size };

                strbuf_printf(&b, "the memory controller is not delegated to %s", own);
                close_all(&p);
                return -EOPNOTSUPP;
        }
        r = make_leaves(&p, own, reterr, err_size);
        if (r < 0) {
                payload_leave(&p);
                return r;
        }
        *ret = p;
        return 0;
}

/* One try at making @name in the directory @parent, which is at @path. */
static int enter_at(Payload *p, int parent_fd, const char *path, const char *name, char *reterr, size_t err_size) {
        char top[4096];
        int r;

        (void) snprintf(top, sizeof(top), "%s%s%s", path, path[1] ? "/" : "", name);
        if (mkdirat(parent_fd, name, 0755) < 0)
                return complain(-errno, reterr, err_size, "cannot make the cgroup", top);
        p->made_top = true;
        p->parent_fd = dup(parent_fd);
        (void) snprintf(p->name, sizeof(p->name), "%s", name);
        p->top_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (p->top_fd < 0 || p->parent_fd < 0)
                return complain(-errno, reterr, err_size, "cannot open the cgroup", top);
        if (!lists_memory(p->top_fd, "cgroup.controllers")) {
                Strbuf b = { .data = reterr, .size = err_size };

                strbuf_printf(&b, "the memory controller is not enabled for children of %s", path);
                return -EOPNOTSUPP;
        }
        r = make_leaves(p, top, reterr, err_size);
        return r;
}

int payload_enter_below(Payload *ret, const char *mount, const char *name, char *reterr, size_t err_size) {
        char own[2048], path[4096], why[512];
        int r = own_path(own, sizeof(own));
        bool first = true;

        if (r < 0)
                return complain(r, reterr, err_size, "cannot read", "/proc/self/cgroup");
        /* From where we are upwards: the nearest place keeps us under the limits that we are under now. */
        for (;;) {
                _cleanup_close_ int fd = -1;
                Payload p = PAYLOAD_INIT;
                char *slash;

                (void) snprintf(path, sizeof(path), "%s%s", mount, own);
                fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (fd < 0)
                        return complain(-errno, reterr, err_size, "cannot open", path);
                if (lists_memory(fd, "cgroup.controllers") && !lists_memory(fd, "cgroup.subtree_control"))
                        (void) write_at(fd, "cgroup.subtree_control", "+memory"); /* EBUSY where processes live: go up */
                if (own_path(p.path, sizeof(p.path)) == 0) {
                        char home[4096 + 512];

                        (void) snprintf(home, sizeof(home), "%s%s", mount, p.path);
                        p.home_fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                }
                r = enter_at(&p, fd, own, name, why, sizeof(why));
                if (r < 0 && first)
                        strbuf_puts(&(Strbuf) { .data = reterr, .size = err_size }, why);
                first = false;
                if (r == 0) {
                        *ret = p;
                        return 0;
                }
                payload_leave(&p);
                slash = strrchr(own, '/');
                if (!slash || own[1] == 0)
                        return r;
                slash[slash == own] = 0;
        }
}

int payload_set(const Payload *p, const char *key, const char *value) {
        return write_at(p->payload_fd, key, value);
}

static uint64_t ram_bytes(void) {
        struct sysinfo info;

        return sysinfo(&info) == 0 ? (uint64_t) info.totalram * info.mem_unit : UINT64_MAX;
}

uint64_t payload_room_bytes(const Payload *p, const char *mount) {
        uint64_t least = ram_bytes();
        char path[4096 + 512], own[4096], text[64];

        (void) snprintf(own, sizeof(own), "%s", p->path);
        for (char *slash; (slash = strrchr(own, '/')) && slash != own;) {
                _cleanup_close_ int fd = -1;
                uint64_t value;

                *slash = 0;
                (void) snprintf(path, sizeof(path), "%s%s", mount, own);
                fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (fd < 0 || read_at(fd, "memory.max", text, sizeof(text)) < 0)
                        continue;
                if (sscanf(text, "%" SCNu64, &value) == 1 && value < least)
                        least = value;
        }
        return least;
}

static int64_t read_number(int dir_fd, const char *name) {
        char text[64];
        int64_t value;

        return read_at(dir_fd, name, text, sizeof(text)) == 0 && sscanf(text, "%" SCNd64, &value) == 1 ? value : -1;
}

/* "oom_kill 3" in a file of such lines. */
static int64_t find_counter(const char *text, const char *name) {
        size_t length = strlen(name);

        for (const char *line = text; line && *line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (strncmp(line, name, length) == 0 && line[length] == ' ')
                        return strtoll(line + length, NULL, 10);
        }
        return -1;
}

void payload_read(const Payload *p, PayloadCounters *ret) {
        char text[1024] = "", local[1024] = "";

        (void) read_at(p->payload_fd, "memory.events", text, sizeof(text));
        (void) read_at(p->payload_fd, "memory.events.local", local, sizeof(local));
        *ret = (PayloadCounters) {
                .low = find_counter(text, "low"),
                .high = find_counter(text, "high"),
                .max = find_counter(text, "max"),
                .oom = find_counter(text, "oom"),
                .oom_kill = find_counter(text, "oom_kill"),
                .oom_group_kill = find_counter(text, "oom_group_kill"),
                .local_oom = find_counter(local, "oom"),
                .peak_bytes = read_number(p->payload_fd, "memory.peak"),
                .swap_peak_bytes = read_number(p->payload_fd, "memory.swap.peak"),
                .current_bytes = read_number(p->payload_fd, "memory.current"),
        };
}

int payload_is_populated(const Payload *p) {
        char text[256];
        ssize_t n = pread(p->events_fd, text, sizeof(text) - 1, 0);

        if (n < 0)
                return errno == ENODEV ? 0 : -errno;
        text[n] = 0;
        return find_counter(text, "populated") > 0;
}
