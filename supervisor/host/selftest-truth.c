/* What /proc and the cgroup file system say of us. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "supervisor/host/readfile.h"
#include "supervisor/host/selftest-private.h"

static uint64_t status_kb(const char *status, const char *key) {
        const char *p = strstr(status, key);

        return p ? strtoull(p + strlen(key), NULL, 10) : 0;
}

int selftest_truth_process(Truth *t) {
        char text[8192];
        const char *p;
        int r;

        r = (int) readfile_path("/proc/self/comm", t->comm, sizeof(t->comm));
        if (r < 0)
                return r;
        t->comm[strcspn(t->comm, "\n")] = '\0';
        r = (int) readfile_path("/proc/self/stat", text, sizeof(text));
        p = r < 0 ? NULL : strrchr(text, ')');
        for (int i = 0; p && i < 20; i++) {
                p = strchr(p, ' ');
                p = p ? p + 1 : NULL;
        }
        if (!p)
                return -EIO;
        t->start_ticks = strtoull(p, NULL, 10);
        r = (int) readfile_path("/proc/self/oom_score_adj", text, sizeof(text));
        if (r < 0)
                return r;
        t->adj = strtoll(text, NULL, 10);
        r = (int) readfile_path("/proc/self/status", text, sizeof(text));
        if (r < 0)
                return r;
        t->anon_kb = status_kb(text, "\nRssAnon:");
        t->file_kb = status_kb(text, "\nRssFile:");
        t->shmem_kb = status_kb(text, "\nRssShmem:");
        t->swap_kb = status_kb(text, "\nVmSwap:");
        t->tables_kb = status_kb(text, "\nVmPTE:");
        return 0;
}

static int directory_id(const char *root, const char *path, uint64_t *ret) {
        char whole[8192];
        struct stat st;

        (void) snprintf(whole, sizeof(whole), "%s%s", root, path);
        if (stat(whole, &st) < 0)
                return -errno;
        *ret = st.st_ino;
        return 0;
}

int selftest_truth_cgroup(Truth *t, const char *root) {
        char text[8192], *line, *part, *save = NULL;
        size_t at = 0;
        int r = (int) readfile_path("/proc/self/cgroup", text, sizeof(text));

        if (r < 0)
                return r;
        line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
        if (!line)
                return -ENOENT;
        line = strstr(line, "::") + 2;
        line[strcspn(line, "\n")] = '\0';
        (void) snprintf(t->parts, sizeof(t->parts), "%s", line);
        r = directory_id(root, "", &t->ids[0]);
        for (part = strtok_r(t->parts, "/", &save); r == 0 && part && t->level + 1 < SELFTEST_LEVELS;
             part = strtok_r(NULL, "/", &save)) {
                int n = snprintf(t->path + at, sizeof(t->path) - at, "/%s", part);

                if (n < 0 || (size_t) n >= sizeof(t->path) - at)
                        return -ENAMETOOLONG;
                at += (size_t) n;
                t->names[++t->level] = part;
                r = directory_id(root, t->path, &t->ids[t->level]);
        }
        return r;
}
