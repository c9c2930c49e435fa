#include "supervisor/host/hostcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/hostcheck-look.h"
#include "supervisor/host/mounts.h"
#include "supervisor/text/kernfile.h"
#include "supervisor/text/mountinfo.h"

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

static int open_below(const char *root, const char *path) {
        char whole[8192];
        int fd;

        (void) snprintf(whole, sizeof(whole), "%s%s", root, path);
        fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        return fd < 0 ? -errno : fd;
}

int look_read(const Look *l, const char *path, char *ret, size_t size) {
        _cleanup_close_ int fd = open_below(l->o->root, path);
        ssize_t n;

        if (fd < 0)
                return fd;
        n = read(fd, ret, size - 1);
        if (n < 0)
                return -errno;
        while (n > 0 && (ret[n - 1] == '\n' || ret[n - 1] == ' '))
                n--;
        ret[n] = 0;
        return 0;
}

int64_t look_number(const Look *l, const char *path, int64_t missing) {
        char text[64], *end;
        long long value;

        if (look_read(l, path, text, sizeof(text)) < 0)
                return missing;
        value = strtoll(text, &end, 10);
        return end == text ? missing : (int64_t) value;
}

bool look_exists(const Look *l, const char *path) {
        char whole[8192];

        (void) snprintf(whole, sizeof(whole), "%s%s", l->o->root, path);
        return access(whole, F_OK) == 0;
}

bool look_lists(const Look *l, const char *path, const char *word) {
        char text[1024];

        return look_read(l, path, text, sizeof(text)) == 0 && kernfile_has_word(text, strlen(text), word);
}

void look_found(Look *l, const char *name, FindingState state, const char *meaning, const char *change, const char *value, ...) {
        char text[sizeof(((Finding *) 0)->value)];
        va_list ap;
        int r;

        va_start(ap, value);
        (void) vsnprintf(text, sizeof(text), value, ap);
        va_end(ap);
        r = findings_add(l->findings, name, state, text, meaning, change);
        if (r < 0)
                l->error = r;
}

/* As mounts_find(), but below the root of @o. */
static void mounts_read(CgroupMount *ret, const HostcheckOptions *o) {
        _cleanup_close_ int fd = open_below(o->root, "/proc/self/mountinfo");
        _cleanup_fclose_ FILE *f = fd < 0 ? NULL : fdopen(fd_steal(&fd), "r");
        _cleanup_free_ MountLine *parsed = malloc(sizeof(*parsed));
        _cleanup_free_ char *line = NULL;
        Look look = { .o = o };
        char path[4096 + 32];
        size_t room = 0;
        ssize_t n;

        *ret = (CgroupMount) { .where = "" };
        while (f && parsed && (n = getline(&line, &room, f)) > 0) {
                if (mountinfo_parse(parsed, line, (size_t) (line[n - 1] == '\n' ? n - 1 : n)) < 0)
                        continue;
                if (strcmp(parsed->type, "cgroup") == 0) {
                        ret->hybrid = true;
                        ret->v1_memory = ret->v1_memory || mount_option(parsed->options, "memory");
                }
                if (strcmp(parsed->type, "cgroup2") != 0 || ret->where[0])
                        continue;
                (void) snprintf(ret->where, sizeof(ret->where), "%s", parsed->where);
                ret->localevents = mount_option(parsed->options, "memory_localevents");
                ret->read_only = parsed->read_only;
        }
        if (o->cgroup_root)
                (void) snprintf(ret->where, sizeof(ret->where), "%s", o->cgroup_root);
        (void) snprintf(path, sizeof(path), "%s/cgroup.controllers", ret->where);
        ret->memory = ret->where[0] && look_lists(&look, path, "memory");
}

int hostcheck_memory_controller(const HostcheckOptions *o, char *ret_mount, size_t mount_size, char *reterr, size_t err_size) {
        _cleanup_free_ CgroupMount *m = malloc(sizeof(*m));

        if (!m)
                return -ENOMEM;
        mounts_read(m, o);
        if (!m->memory) {
                if (reterr)
                        mounts_explain(m, reterr, err_size);
                return -ENODEV;
        }
        if (ret_mount)
                (void) snprintf(ret_mount, mount_size, "%s", m->where);
        return 0;
}

static void look_at_mount(Look *l, const CgroupMount *m) {
        char why[400];

        if (!m->memory) {
                mounts_explain(m, why, sizeof(why));
                look_found(l, "memory_controller", FINDING_PROBLEM, "reeved does not start (exit status 3) and run exits 125",
                           "boot with systemd.unified_cgroup_hierarchy=1, without cgroup_disable=memory", "%s", why);
                return;
        }
        look_found(l, "memory_controller", FINDING_OK, "kills and limits can be seen here", "", "cgroup v2 at %s%s", m->where,
                   m->hybrid ? ", beside cgroup v1 hierarchies" : "");
        if (m->read_only)
                look_found(l, "cgroup_mount", FINDING_WARNING, "Reeve watches, but can set no limit", "mount it read-write",
                           "%s is read-only", m->where);
        if (m->localevents)
                look_found(l, "cgroup_mount", FINDING_WARNING, "memory.events does not sum up the tree: kills below a cgroup are "
                           "not counted in it", "mount without memory_localevents", "mounted with memory_localevents");
}

int hostcheck_run(Findings *ret, const HostcheckOptions *o) {
        _cleanup_free_ CgroupMount *m = malloc(sizeof(*m));
        Look l = { .o = o, .findings = ret };

        if (!m)
                return -ENOMEM;
        mounts_read(m, o);
        l.mount = m->memory ? m->where : "";
        look_at_mount(&l, m);
        look_at_capture(&l);
        look_at_memory(&l);
        look_at_others(&l);
        return l.error;
}
