#include "supervisor/attribute/identity-private.h"

#include <string.h>

static void split(Levels *ret, const char *path) {
        ret->n = 0;
        while (*path && ret->n < IDENTITY_LEVELS_MAX) {
                const char *end;

                while (*path == '/')
                        path++;
                end = strchrnul(path, '/');
                if (end > path)
                        ret->level[ret->n++] = (Level) { .s = path, .n = (size_t) (end - path) };
                path = end;
        }
}

static bool is_user_slice(const Level *l, size_t n) {
        Level user;

        if (n < 3 || !equals(l[0], "user.slice"))
                return false;
        user = l[1];
        return starts(&user, "user-") && ends(&user, ".slice") && all_digits(user);
}

/* The first below a user's manager that is no slice is the unit, as systemd reads it: what lies deeper is the unit's. */
static size_t match_user_unit(Identity *i, const Level *l, size_t n) {
        Level manager;

        if (n < 4 || !is_user_slice(l, n))
                return 0;
        manager = l[2];
        if (!starts(&manager, "user@") || !ends(&manager, ".service") || !all_digits(manager))
                return 0;
        for (size_t at = 3; at < n; at++) {
                Level unit = l[at];

                if ((ends(&unit, ".service") || ends(&unit, ".scope")) && unit.n > 0) {
                        i->kind = REEVE_IDENTITY_USER_UNIT;
                        COPY(i->unit, l[at].s, l[at].n);
                        return at + 1;
                }
        }
        return 0;
}

static size_t match_session(Identity *i, const Level *l, size_t n) {
        Level session;

        if (!is_user_slice(l, n))
                return 0;
        session = l[2];
        if (!starts(&session, "session-") || !ends(&session, ".scope") || session.n == 0)
                return 0;
        i->kind = REEVE_IDENTITY_SESSION;
        COPY(i->unit, l[2].s, l[2].n);
        return 3;
}

static size_t match_unit(Identity *i, const Level *l, size_t n) {
        static const char *const suffixes[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

        (void) n;
        for (size_t s = 0; s < sizeof(suffixes) / sizeof(*suffixes); s++) {
                Level unit = l[0];

                if (!ends(&unit, suffixes[s]) || unit.n == 0)
                        continue;
                i->kind = REEVE_IDENTITY_UNIT;
                COPY(i->unit, l[0].s, l[0].n);
                return 1;
        }
        return 0;
}

/* What Own=create made, and what lies in it. Its unit stands for all of them and for none: what is said of one (a kill, a limit to
 * raise) is not that unit's. The holder's leaf is the unit's own. */
static size_t match_owned(Identity *i, const Level *l, size_t n) {
        if (n < 3 || !equals(l[0], "system.slice") || !equals(l[1], "reeve-groups.service") || equals(l[2], ".holder"))
                return 0;
        i->kind = REEVE_IDENTITY_OWNED;
        return 3;
}

static size_t match_any_unit(Identity *i, const Level *l, size_t n) {
        static const Pattern units[] = { match_user_unit, match_session, match_unit };
        size_t took = 0;

        for (size_t p = 0; p < sizeof(units) / sizeof(*units) && took == 0; p++)
                took = units[p](i, l, n);
        return took;
}

/* The unit that holds what was matched, for kinds that are not units themselves: a container's scope is its unit. */
static void name_unit(Identity *i, const Levels *l, size_t from, size_t to) {
        if (i->unit[0])
                return;
        for (size_t at = to; at > from; at--) {
                Level unit = l->level[at - 1];

                if ((ends(&unit, ".scope") || ends(&unit, ".service")) && unit.n > 0) {
                        COPY(i->unit, l->level[at - 1].s, l->level[at - 1].n);
                        return;
                }
        }
}

static void judge_owner(Identity *i, const bool root_owned[], const int64_t owner_uids[], size_t n_levels, size_t depth) {
        i->certain = true;
        i->owner_uid = 0;
        for (size_t at = 0; at < depth; at++)
                if (at >= n_levels || !root_owned[at]) {
                        i->certain = false;
                        i->owner_uid = at < n_levels && owner_uids ? owner_uids[at] : KILL_UNKNOWN;
                        return;
                }
}

/* Of containers the innermost is the subject (a pod in a container, a container in a pod). What looks like a unit inside
 * a container is not one of this host's, so units are looked for only where there is no container; of these the outermost
 * is the one, as systemd has it. Returns the depth at which the match ends, 0 for none. */
static size_t find(Identity *ret, const Levels *l) {
        size_t depth = 0;

        for (size_t at = 0; at < l->n;) {
                Identity found = { .kind = REEVE_IDENTITY_PLAIN };
                size_t took = identity_match_container(&found, &l->level[at], l->n - at);

                if (took > 0) {
                        name_unit(&found, l, at, at + took);
                        *ret = found;
                        depth = at + took;
                        at = depth;
                } else
                        at++;
        }
        if (depth == 0)
                depth = match_owned(ret, l->level, l->n);
        if (depth > 0)
                return depth;
        for (size_t at = 0; at < l->n; at++) {
                size_t took = match_any_unit(ret, &l->level[at], l->n - at);

                if (took > 0)
                        return at + took;
        }
        return 0;
}

void identity_find(Identity *ret, const char *path, const bool root_owned[], const int64_t owner_uids[], size_t n_levels,
                   const char *invocation_id) {
        Levels l;
        size_t depth;

        split(&l, path);
        *ret = (Identity) { .kind = REEVE_IDENTITY_PLAIN };
        depth = find(ret, &l);
        judge_owner(ret, root_owned, owner_uids, n_levels, depth > 0 ? depth : l.n);
        if (invocation_id)
                COPY(ret->invocation_id, invocation_id, strnlen(invocation_id, sizeof(ret->invocation_id) - 1));
}

bool identity_name_pod(Identity *identity, const char *name) {
        const char *slash = strchr(name, '/'), *end = slash ? slash : name + strlen(name);
        const char *first = strchr(name, '_'), *last = memrchr(name, '_', (size_t) (end - name));

        if (!first || !last || last <= first || first == name || last == first + 1 ||
            identity->kind != REEVE_IDENTITY_KUBERNETES || identity->pod_uid[0] == '\0' ||
            strlen(identity->pod_uid) != (size_t) (end - last - 1) ||
            memcmp(last + 1, identity->pod_uid, (size_t) (end - last - 1)) != 0)
                return false;
        COPY(identity->namespace, name, (size_t) (first - name));
        COPY(identity->pod, first + 1, (size_t) (last - first - 1));
        if (slash)
                COPY(identity->container, slash + 1, strlen(slash + 1));
        return true;
}
