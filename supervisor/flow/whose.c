#include "supervisor/flow/whose.h"

#include <stdio.h>
#include <string.h>

#include "policies/path.h"
#include "supervisor/attribute/identity.h"
#include "supervisor/host/proc.h"

const char *whose_path(void *supervisor, uint64_t id) {
        Supervisor *s = supervisor;

        return id && tree_path(s->tree, id, s->path, sizeof(s->path)) >= 0 ? s->path : NULL;
}

/* Identity is found from the path at the moment of need; what was learned at first sight (owners, invocation, label) is in
 * the tree and outlives the cgroup. */
const Identity *whose_identity(void *supervisor, uint64_t id) {
        static Identity identity;
        Supervisor *s = supervisor;
        bool root_owned[IDENTITY_LEVELS_MAX];
        int64_t owners[IDENTITY_LEVELS_MAX];
        char invocation[33] = "";
        TreeGroup group;
        const char *path;
        size_t levels;

        if (!tree_get(s->tree, id, &group))
                return NULL;
        if (group.has_invocation)
                for (size_t i = 0; i < sizeof(group.invocation); i++)
                        (void) snprintf(invocation + 2 * i, 3, "%02x", group.invocation[i]);
        path = whose_path(s, id);
        if (!path)
                return NULL;
        levels = tree_owners(s->tree, id, root_owned, owners, IDENTITY_LEVELS_MAX);
        identity_find(&identity, path, root_owned, owners, levels, invocation[0] ? invocation : NULL);
        if (group.label)
                (void) identity_name_pod(&identity, group.label);
        return &identity;
}

int64_t whose_owner_uid(void *supervisor, uint64_t id) {
        Supervisor *s = supervisor;
        TreeGroup group;

        return tree_get(s->tree, id, &group) && group.owner_certain ? (int64_t) group.owner : RECORD_OWNER_UNKNOWN;
}

int64_t whose_account_uid(const Supervisor *s, uint64_t id, const char *path) {
        TreeGroup group;
        uint32_t owner = TREE_OWNER_UNKNOWN;

        if (tree_get(s->tree, id, &group))
                owner = group.owner;
        else if (path && path[0] == '/')
                owner = tree_owner_near(s->tree, path);
        return owner == TREE_OWNER_UNKNOWN ? RECORD_OWNER_UNKNOWN : (int64_t) owner;
}

static bool ends_with(const char *text, const char *end) {
        size_t n = strlen(text), m = strlen(end);

        return n > m && strcmp(text + n - m, end) == 0;
}

/* Names in directories of users are claims, not units. */
const Identity *whose_system_unit(Supervisor *s, uint64_t cgroup_id) {
        const Identity *identity = cgroup_id ? whose_identity(s, cgroup_id) : NULL;

        return identity && identity->certain && identity->unit[0] && identity->kind != REEVE_IDENTITY_USER_UNIT && !s->options.user
                       ? identity
                       : NULL;
}

const char *whose_unit(Supervisor *s, uint64_t cgroup_id) {
        const Identity *identity = cgroup_id ? whose_identity(s, cgroup_id) : NULL;

        return identity && identity->unit[0] && (identity->certain || s->options.user) ? identity->unit : NULL;
}

bool whose_is_service(Supervisor *s, uint64_t cgroup_id) {
        const Identity *identity = whose_system_unit(s, cgroup_id);

        return identity && identity->kind == REEVE_IDENTITY_UNIT && ends_with(identity->unit, ".service");
}

/* Whether a victim of the kill being recorded was its cgroup's main process: 1, 0, -1. Of a service systemd alone knows, and is
 * asked (units.c). @known: as read ahead, tgid 0 where it was not. */
static int main_process(Supervisor *s, int32_t tgid, uint64_t start_nsec, const EyesProcess *known) {
        const KillVictim *v = NULL;
        TreeGroup group;

        for (size_t i = 0; s->recording && i < s->recording->n_victims && !v; i++)
                if (s->recording->victims[i].tgid == tgid)
                        v = &s->recording->victims[i];
        if (v && whose_is_service(s, v->cgroup.id))
                return -1;
        if (known->tgid)
                return known->main;
        if (!v || !tree_get(s->tree, v->cgroup.id, &group) || group.first_pid == 0)
                return -1;
        return group.first_pid == tgid && (!start_nsec || proc_same_start(start_nsec, group.first_start_nsec / proc_start_nsec(1)));
}

bool whose_process(void *supervisor, int32_t tgid, uint64_t start_nsec, RecordProcess *ret) {
        static EyesProcess known;
        static char unit[IDENTITY_NAME_SIZE];
        Supervisor *s = supervisor;

        if (s->sender && tgid == s->sender_tid && s->sender->tgid > 0) {
                const char *its = whose_unit(s, s->sender->cgroup_id);

                (void) snprintf(unit, sizeof(unit), "%s", its ? its : "");
                *ret = (RecordProcess) { .comm = s->sender->comm, .uid = s->sender->uid, .ppid = RECORD_UNKNOWN,
                                         .ns_pid = RECORD_UNKNOWN, .unit = its ? unit : NULL, .cgroup_id = s->sender->cgroup_id, .main = -1 };
                return true;
        }
        if (!eyes_process(s->eyes, tgid, start_nsec, &known))
                known = (EyesProcess) { .tgid = 0, .ppid = -1, .ns_pid = -1 };
        *ret = (RecordProcess) {
                .cmdline = known.cmdline[0] ? known.cmdline : NULL,
                .cmdline_length = strlen(known.cmdline),
                .ppid = known.ppid,
                .ns_pid = known.ns_pid,
                .uid = RECORD_UNKNOWN,
                .main = main_process(s, tgid, start_nsec, &known),
        };
        return true;
}

bool whose_is_watched(Supervisor *s, const KillCgroup *cgroup) {
        const char *watch = s->config->reeve.watch, *path = cgroup->path ? cgroup->path : whose_path(s, cgroup->id);

        return !path || path[0] != '/' || path_is_below(path, watch);
}
