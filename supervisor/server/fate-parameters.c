#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/server/call-private.h"
#include "supervisor/server/fate-private.h"
#include "supervisor/server/parameters.h"

const char *fate_parse(Fate *f, json_t *p, uint64_t *ret_wait) {
        const char *cgroup, *container;
        uint64_t pid, start;

        if (!parameter_text(p, "cgroup", &cgroup) || (cgroup && !cgroup[0]))
                return "cgroup";
        if (!parameter_text(p, "container", &container) || (container && (container[0] == '/' || strlen(container) < 12)))
                return "container";
        if (!parameter_number(p, "pid", &pid) || pid > INT32_MAX)
                return "pid";
        if (!parameter_number(p, "start_usec", &start) || (pid && !start))
                return "start_usec";
        if (!parameter_number(p, "wait_usec", ret_wait))
                return "wait_usec";
        if (!cgroup && !container && !pid)
                return "cgroup";
        f->process = pid != 0;
        f->pid = (int64_t) pid;
        f->start_usec = start;
        f->cgroup = cgroup ? strdup(cgroup) : NULL;
        f->container = container ? strdup(container) : NULL;
        return NULL;
}

bool fate_locate(Fate *f) {
        const ServerOptions *o = &f->server->options;
        const char *name = f->cgroup ? f->cgroup : f->container;
        char path[8192];
        int r;

        if (f->process)
                return true;
        if (o->ops->drain)
                o->ops->drain(o->userdata);
        path[0] = '\0';
        r = o->ops->locate(name, path, sizeof(path), &f->meant, o->userdata);
        if (r == 0 && path[0]) {
                free(f->cgroup);
                f->cgroup = strdup(path);
        }
        /* A container that is gone has its id in the records. */
        if (r == 0 || !f->cgroup)
                return true;
        if (r == -ENOENT || r == -ENOTUNIQ)
                server_fail_text(f->call, "NotFound", path[0] ? path : name);
        else
                call_refuse(f->call, "cgroup");
        return false;
}
