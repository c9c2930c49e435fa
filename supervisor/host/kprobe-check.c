/* Watching over ourselves: is everything still switched on? */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/host/kprobe-private.h"

enum { NOT_THERE = -2 };                /* no descriptor, and none to be had: not asked for again */

/* Opens what is looked at, unless it is open or not to be had. */
static void watch_file(int *fd, int dir, const char *path) {
        if (*fd != -1)
                return;
        *fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
        if (*fd < 0 && (errno == ENOENT || errno == EACCES || errno == EPERM))
                *fd = NOT_THERE;
}

static int check_switch(Kprobe *k, char *why, size_t size) {
        char text[16];

        watch_file(&k->switch_fd, AT_FDCWD, "/sys/kernel/debug/kprobes/enabled");
        if (k->switch_fd < 0 || trace_pread_small(k->switch_fd, text, sizeof(text)) < 1 || text[0] != '0')
                return 0;
        (void) snprintf(why, size, "all kprobes are disabled (kprobes/enabled in debugfs is 0)");
        return -ESHUTDOWN;
}

int kprobe_switch_open(Kprobe *k, char *reterr_why, size_t why_size) {
        return check_switch(k, reterr_why, why_size);
}

void kprobe_watch(Kprobe *k) {
        for (int i = 0; i < PAGE_INSTANCES; i++) {
                char path[128], file[160];
                const char *filter;

                watch_file(&k->watched[i][0], k->dirs[i], "tracing_on");
                for (uint32_t e = 0; e < 8; e++) {
                        if (generation_event(&k->generations[0].name, (PageInstance) i, e, path, sizeof(path), &filter) < 0)
                                break;
                        (void) snprintf(file, sizeof(file), "%s/enable", path);
                        watch_file(&k->watched[i][2 + 2 * e], k->dirs[i], file);
                        (void) snprintf(file, sizeof(file), "%s/filter", path);
                        watch_file(&k->watched[i][3 + 2 * e], k->dirs[i], file);
                }
        }
}

static bool reads(int fd, const char *wanted) {
        char text[256];

        if (fd < 0)
                return true;
        if (trace_pread_small(fd, text, sizeof(text)) < 0)
                return false;
        /* "1*": on, with a trigger attached. */
        text[strcspn(text, "\n*")] = '\0';
        return strcmp(text, wanted) == 0;
}

static int check_instance(Kprobe *k, PageInstance i, char *why, size_t size) {
        const char *name = generation_instance_name(i), *filter;
        char path[128];

        if (!reads(k->watched[i][0], "1")) {
                (void) snprintf(why, size, "somebody turned tracing off in our instance %s", name);
                return -ESHUTDOWN;
        }
        for (uint32_t e = 0; e < 8; e++) {
                if (generation_event(&k->generations[0].name, i, e, path, sizeof(path), &filter) < 0)
                        break;
                if (!reads(k->watched[i][2 + 2 * e], "1")) {
                        (void) snprintf(why, size, "somebody switched %s off in our instance %s", path, name);
                        return -ESHUTDOWN;
                }
                if (!reads(k->watched[i][3 + 2 * e], filter ? filter : "none")) {
                        (void) snprintf(why, size, "somebody changed the filter of %s in our instance %s", path, name);
                        return -ESHUTDOWN;
                }
        }
        return 0;
}

int kprobe_check(Kprobe *k, char *reterr_why, size_t why_size) {
        int r = check_switch(k, reterr_why, why_size);

        /* What could not be opened, or not be armed, before. */
        kprobe_watch(k);
        rings_arm(k);
        for (int i = 0; r == 0 && i < PAGE_INSTANCES; i++)
                r = check_instance(k, (PageInstance) i, reterr_why, why_size);
        if (r < 0)
                return r;
        if (k->counters.implausible > 0) {
                (void) snprintf(reterr_why, why_size,
                                "what %" PRIu64 " OOM records say contradicts itself: an offset is wrong",
                                k->counters.implausible);
                return -EBADMSG;
        }
        return 0;
}
