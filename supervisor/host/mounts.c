#include "supervisor/host/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/readfile.h"
#include "supervisor/text/kernfile.h"
#include "supervisor/text/mountinfo.h"

/* Takes over what a cgroup2 line says. Of several the first wins that shows the whole hierarchy, else the first. */
static void take_v2(CgroupMount *m, const MountLine *line) {
        if (m->where[0] && (strcmp(m->root, "/") == 0 || strcmp(line->root, "/") != 0))
                return;
        memcpy(m->where, line->where, sizeof(m->where));
        memcpy(m->root, line->root, sizeof(m->root));
        m->read_only = line->read_only;
        m->localevents = mount_option(line->options, "memory_localevents");
}

/* @only: the mount point asked for, NULL for any. */
static int read_mounts(CgroupMount *m, const char *only) {
        _cleanup_fclose_ FILE *f = fopen("/proc/self/mountinfo", "re");
        _cleanup_free_ MountLine *parsed = malloc(sizeof(*parsed));
        _cleanup_free_ char *line = NULL;
        size_t room = 0;
        ssize_t n;

        if (!parsed)
                return -ENOMEM;
        if (!f)
                return -errno;
        while ((errno = 0, n = getline(&line, &room, f)) > 0) {
                if (line[n - 1] == '\n')
                        n--;
                if (mountinfo_parse(parsed, line, (size_t) n) < 0)
                        continue;
                if (strcmp(parsed->type, "cgroup2") == 0) {
                        if (!only || strcmp(parsed->where, only) == 0)
                                take_v2(m, parsed);
                } else if (strcmp(parsed->type, "cgroup") == 0) {
                        m->hybrid = true;
                        m->v1_memory = m->v1_memory || mount_option(parsed->options, "memory");
                }
        }
        return ferror(f) ? -errno : 0;
}

/* The root of all has id 1; anything else at the mount point is a part. Its mount line cannot tell: seen from inside a
 * cgroup namespace it says "/". */
static bool is_part(const char *where) {
        struct stat st;

        return stat(where, &st) == 0 && st.st_ino != 1;
}

/* Returns whether, or -errno: without descriptors nobody knows. */
static int has_memory(const char *where) {
        char path[4096 + 32], text[512];
        ssize_t n;

        snprintf(path, sizeof(path), "%s/cgroup.controllers", where);
        n = readfile_path(path, text, sizeof(text));
        if (n < 0)
                return n == -ENOENT ? 0 : (int) n;
        return kernfile_has_word(text, (size_t) n, "memory");
}

int mounts_find(CgroupMount *ret, const char *root) {
        struct statfs sfs;
        int r;

        *ret = (CgroupMount) { .where = "" };
        if (root) {
                if (statfs(root, &sfs) < 0)
                        return -errno;
                if (sfs.f_type != CGROUP2_SUPER_MAGIC)
                        return -ENOTSUP;
                if (strlen(root) >= sizeof(ret->where))
                        return -ENAMETOOLONG;
        }
        r = read_mounts(ret, root);
        if (r < 0)
                return r;
        if (root)       /* may be a directory below the mount point */
                strcpy(ret->where, root);
        if (!ret->where[0])
                return 0;
        ret->namespaced = is_part(ret->where);
        r = has_memory(ret->where);
        if (r < 0)
                return r;
        ret->memory = r;
        return 0;
}

void mounts_explain(const CgroupMount *m, char *ret, size_t size) {
        static const char how[] = "boot with systemd.unified_cgroup_hierarchy=1 (and without cgroup_no_v1= or "
                                  "cgroup_disable=memory) on the kernel command line";

        if (m->memory)
                snprintf(ret, size, "%s", "");
        else if (!m->where[0])
                snprintf(ret, size, "no cgroup v2 hierarchy is mounted%s; %s",
                         m->v1_memory ? ", the memory controller is bound to cgroup v1" : "", how);
        else if (m->v1_memory)
                snprintf(ret, size,
                         "cgroup v2 is mounted at %s without the memory controller, which is bound to cgroup v1; %s",
                         m->where, how);
        else if (m->namespaced)
                snprintf(ret, size, "the part of cgroup v2 mounted at %s has no memory controller; it has to be enabled in "
                                    "the cgroup above it (cgroup.subtree_control)", m->where);
        else
                snprintf(ret, size, "cgroup v2 is mounted at %s without the memory controller; %s", m->where, how);
}
