#include "supervisor/host/hostcheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"

const char *finding_state_to_string(FindingState state) {
        static const char *const words[] = { "ok", "note", "warning", "problem" };

        return (size_t) state < ELEMENTSOF(words) ? words[state] : "problem";
}

void findings_clear(Findings *f) {
        free(f->items);
        *f = (Findings) FINDINGS_INIT;
}

int findings_add(Findings *f, const char *name, FindingState state, const char *value, const char *meaning, const char *change) {
        Finding *slot;

        if (f->n == f->capacity) {
                size_t capacity = f->capacity ? 2 * f->capacity : 32;
                Finding *grown = reallocarray(f->items, capacity, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                f->items = grown;
                f->capacity = capacity;
        }
        slot = &f->items[f->n++];
        *slot = (Finding) { .state = state };
        (void) snprintf(slot->name, sizeof(slot->name), "%s", name);
        (void) snprintf(slot->value, sizeof(slot->value), "%s", value);
        (void) snprintf(slot->meaning, sizeof(slot->meaning), "%s", meaning ? meaning : "");
        (void) snprintf(slot->change, sizeof(slot->change), "%s", change ? change : "");
        return 0;
}

/* What /proc/self/mounts says about cgroups. */
typedef struct CgroupMounts {
        char v2[256];             /* the first cgroup2 mount, or empty */
        char v1_memory[256];      /* where a v1 memory controller is mounted, or empty */
        bool v1;                  /* any v1 hierarchy with a controller */
} CgroupMounts;

static bool has_word(const char *list, const char *word, const char *separators) {
        size_t length = strlen(word);

        for (const char *p = list; *p; p += strspn(p, separators)) {
                size_t n = strcspn(p, separators);

                if (n == length && memcmp(p, word, n) == 0)
                        return true;
                p += n;
        }
        return false;
}

/* A line: "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,memory_recursiveprot 0 0" */
static void mounts_take_line(CgroupMounts *m, char *line) {
        char *save = NULL;
        const char *source = strtok_r(line, " ", &save), *where = strtok_r(NULL, " ", &save);
        const char *type = strtok_r(NULL, " ", &save), *options = strtok_r(NULL, " ", &save);

        (void) source;
        if (!options)
                return;
        if (strcmp(type, "cgroup2") == 0 && m->v2[0] == 0)
                (void) snprintf(m->v2, sizeof(m->v2), "%s", where);
        if (strcmp(type, "cgroup") != 0)
                return;
        if (!strstr(options, "name="))
                m->v1 = true;
        if (has_word(options, "memory", ","))
                (void) snprintf(m->v1_memory, sizeof(m->v1_memory), "%s", where);
}

static void mounts_read(CgroupMounts *ret, const char *root) {
        _cleanup_fclose_ FILE *f = NULL;
        _cleanup_free_ char *line = NULL;
        char path[4096];
        size_t size = 0;

        *ret = (CgroupMounts) { .v1 = false };
        (void) snprintf(path, sizeof(path), "%s/proc/self/mounts", root);
        f = fopen(path, "re");
        while (f && getline(&line, &size, f) > 0)
                mounts_take_line(ret, line);
}

static bool controllers_have_memory(const char *root, const char *mount) {
        _cleanup_fclose_ FILE *f = NULL;
        char path[4096], line[1024];

        (void) snprintf(path, sizeof(path), "%s%s/cgroup.controllers", root, mount);
        f = fopen(path, "re");
        return f && fgets(line, sizeof(line), f) && has_word(line, "memory", " \n");
}

static void describe_lack(const CgroupMounts *m, const char *mount, char *reterr, size_t size) {
        Strbuf b = { .data = reterr, .size = size };
        static const char boot[] = "boot with systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=memory on the kernel command line";

        if (m->v1_memory[0]) {
                strbuf_printf(&b, "the memory controller is mounted as cgroup v1 at %s", m->v1_memory);
                if (mount[0])
                        strbuf_printf(&b, " (cgroup2 at %s lacks it: a hybrid host)", mount);
                strbuf_printf(&b, "; %s", boot);
                return;
        }
        if (!mount[0]) {
                strbuf_printf(&b, "no cgroup2 file system is mounted; %s, or mount -t cgroup2 none /sys/fs/cgroup", boot);
                return;
        }
        strbuf_printf(&b, "cgroup2 at %s has no memory controller", mount);
        strbuf_puts(&b, m->v1 ? "; " : " (cgroup_disable=memory on the kernel command line, or not delegated to this container?); ");
        strbuf_puts(&b, m->v1 ? boot : "boot without cgroup_disable=memory, or delegate the controller");
}

int hostcheck_memory_controller(const HostcheckOptions *o, char *ret_mount, size_t mount_size, char *reterr, size_t err_size) {
        CgroupMounts m;
        const char *mount;

        mounts_read(&m, o->root);
        mount = o->cgroup_root ? o->cgroup_root : m.v2;
        if (mount[0] && controllers_have_memory(o->root, mount)) {
                if (ret_mount)
                        (void) snprintf(ret_mount, mount_size, "%s", mount);
                return 0;
        }
        if (reterr)
                describe_lack(&m, mount, reterr, err_size);
        return -ENODEV;
}

int hostcheck_run(Findings *ret, const HostcheckOptions *o) {
        char mount[256], why[512];

        if (hostcheck_memory_controller(o, mount, sizeof(mount), why, sizeof(why)) < 0)
                return findings_add(ret, "memory_controller", FINDING_PROBLEM, why, "nothing can be watched", "boot with cgroup v2");
        return findings_add(ret, "memory_controller", FINDING_OK, mount, "kills and limits can be watched here", NULL);
}
