/* inotify-events: the common way to see OOM kills: an inotify watch on the memory.events of each cgroup, its oom_kill read
 * at each notification, and on the directories for cgroups that are made. It has every advantage there is: one process for
 * all cgroups, files held open, the local counter (what died here, not below), a last reading when a watch ends.
 *
 *   inotify-events DIRECTORY
 *
 * Prints "ready", then a line "BOOTTIME_USEC - CGROUP_ID PATH" for each kill that it sees, tab-separated, as it sees it;
 * ends by a signal. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char mount_point[] = "/sys/fs/cgroup";

typedef struct Group {
        char *path;                     /* of its directory */
        uint64_t id, oom_kill;
        int events_fd;
        int watches;                    /* that point here */
        int tries;                      /* left, to find memory.events */
} Group;

typedef struct Watcher {
        int fd;
        Group **of_watch;               /* by watch descriptor */
        size_t n_of_watch;
        bool pending;                   /* some cgroup has no memory.events yet */
} Watcher;

enum { TRIES = 100, RETRY_MSEC = 20 };

static uint64_t boot_usec(void) {
        struct timespec t;

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

/* As the kernel log escapes what is not printable. */
static void print_path(const char *path) {
        for (; *path; path++) {
                unsigned char c = (unsigned char) *path;

                if (c < 0x20 || c >= 0x7f || c == '\\')
                        printf("\\x%02x", c);
                else
                        putchar(c);
        }
}

static void look(Group *g) {
        char text[512], *at;
        ssize_t n = pread(g->events_fd, text, sizeof(text) - 1, 0);
        uint64_t now;

        if (n <= 0)
                return;
        text[n] = '\0';
        at = strstr(text, "oom_kill ");
        now = at ? strtoull(at + strlen("oom_kill "), NULL, 10) : 0;
        for (; g->oom_kill < now; g->oom_kill++) {
                printf("%" PRIu64 "\t-\t%" PRIu64 "\t", boot_usec(), g->id);
                print_path(g->path + strlen(mount_point));
                putchar('\n');
        }
}

static bool watch(Watcher *w, Group *g, const char *path, uint32_t mask) {
        int wd = inotify_add_watch(w->fd, path, mask);

        if (wd < 0)
                return false;
        if ((size_t) wd >= w->n_of_watch) {
                size_t n = (size_t) wd * 2 + 64;

                w->of_watch = realloc(w->of_watch, n * sizeof(*w->of_watch));
                if (!w->of_watch)
                        abort();
                memset(w->of_watch + w->n_of_watch, 0, (n - w->n_of_watch) * sizeof(*w->of_watch));
                w->n_of_watch = n;
        }
        /* A directory that was both listed and announced comes twice. */
        if (w->of_watch[wd])
                return false;
        w->of_watch[wd] = g;
        g->watches++;
        return true;
}

static void group_unwatch(Watcher *w, int wd) {
        Group *g = w->of_watch[wd];

        w->of_watch[wd] = NULL;
        if (!g || --g->watches > 0)
                return;
        if (g->events_fd >= 0) {
                look(g);
                close(g->events_fd);
        }
        free(g->path);
        free(g);
}

static void add(Watcher *w, const char *path);

static void add_children(Watcher *w, const char *path) {
        DIR *dir = opendir(path);
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                char child[PATH_MAX];

                if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
                        continue;
                if (snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) < (int) sizeof(child))
                        add(w, child);
        }
        if (dir)
                closedir(dir);
}

/* Where the controller is given to a cgroup after it was made, nothing tells when the file is there. */
static void watch_events(Watcher *w, Group *g) {
        char file[PATH_MAX + 32];

        (void) snprintf(file, sizeof(file), "%s/memory.events.local", g->path);
        g->events_fd = open(file, O_RDONLY | O_CLOEXEC);
        if (g->events_fd < 0) {
                w->pending = w->pending || --g->tries > 0;
                return;
        }
        (void) snprintf(file, sizeof(file), "%s/memory.events", g->path);
        watch(w, g, file, IN_MODIFY);
        /* What happened before the watch. */
        look(g);
}

static void watch_pending(Watcher *w) {
        w->pending = false;
        for (size_t i = 0; i < w->n_of_watch; i++)
                if (w->of_watch[i] && w->of_watch[i]->events_fd < 0 && w->of_watch[i]->tries > 0)
                        watch_events(w, w->of_watch[i]);
}

static void add(Watcher *w, const char *path) {
        struct stat st;
        Group *g = calloc(1, sizeof(*g));

        if (!g || !(g->path = strdup(path)))
                abort();
        g->events_fd = -1;
        g->tries = TRIES;
        g->id = stat(path, &st) == 0 ? st.st_ino : 0;
        if (!watch(w, g, path, IN_CREATE | IN_ONLYDIR)) {
                free(g->path);
                free(g);
                return;
        }
        watch_events(w, g);
        add_children(w, path);
}

static void take(Watcher *w, const struct inotify_event *e) {
        Group *g = e->wd >= 0 && (size_t) e->wd < w->n_of_watch ? w->of_watch[e->wd] : NULL;

        if (e->mask & IN_Q_OVERFLOW)
                fprintf(stderr, "inotify-events: the queue ran over\n");
        if (!g)
                return;
        if (e->mask & IN_MODIFY)
                look(g);
        if ((e->mask & IN_CREATE) && (e->mask & IN_ISDIR)) {
                char child[PATH_MAX];

                if (snprintf(child, sizeof(child), "%s/%s", g->path, e->name) < (int) sizeof(child))
                        add(w, child);
        }
        if (e->mask & IN_IGNORED)
                group_unwatch(w, e->wd);
}

int main(int argc, char *argv[]) {
        Watcher w = { .fd = inotify_init1(IN_CLOEXEC) };
        _Alignas(struct inotify_event) char buffer[65536];
        ssize_t n;

        if (argc != 2 || w.fd < 0 || strncmp(argv[1], mount_point, strlen(mount_point)) != 0) {
                fprintf(stderr, "usage: inotify-events DIRECTORY (below %s)\n", mount_point);
                return 2;
        }
        setvbuf(stdout, NULL, _IOLBF, 0);
        add(&w, argv[1]);
        puts("ready");
        for (;;) {
                struct pollfd p = { .fd = w.fd, .events = POLLIN };

                (void) poll(&p, 1, w.pending ? RETRY_MSEC : -1);
                if (w.pending)
                        watch_pending(&w);
                n = p.revents ? read(w.fd, buffer, sizeof(buffer)) : 0;
                if (n < 0 && errno != EINTR)
                        break;
                for (char *at = buffer; n > 0 && at < buffer + n;) {
                        const struct inotify_event *e = (const struct inotify_event *) (void *) at;

                        take(&w, e);
                        at += sizeof(*e) + e->len;
                }
        }
        perror("inotify-events");
        return 1;
}
