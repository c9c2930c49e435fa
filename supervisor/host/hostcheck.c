#include "supervisor/host/hostcheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/hostcheck-parts.h"
#include "supervisor/host/mounts.h"
#include "supervisor/text/mountinfo.h"

/* As mounts_find(), but below the root of @o. */
static void mounts_read(CgroupMount *ret, const HostcheckOptions *o) {
        _cleanup_close_ int fd = look_open(o->root, "/proc/self/mountinfo");
        _cleanup_fclose_ FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
        _cleanup_free_ MountLine *parsed = malloc(sizeof(*parsed));
        _cleanup_free_ char *line = NULL;
        Look look = { .o = o };
        char path[4096 + 32];
        size_t room = 0;
        ssize_t n;

        *ret = (CgroupMount) { .where = "" };
        if (f)
                (void) fd_steal(&fd);
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
