#include "supervisor/attribute/identity.h"

#include <string.h>

/* A stretch of the path under inspection. Levels are split at slashes; a matcher takes levels and fills in names. */
typedef struct Level {
        const char *s;
        size_t n;
} Level;

typedef struct Levels {
        Level level[IDENTITY_LEVELS_MAX];
        size_t n;
} Levels;

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

static void copy(char *to, size_t size, const char *s, size_t n) {
        if (n >= size)
                n = size - 1;
        memcpy(to, s, n);
        to[n] = '\0';
}
#define COPY(field, s, n) copy((field), sizeof(field), (s), (n))

/* ---- small matchers on one level ---- */

static bool starts(Level *l, const char *prefix) {
        size_t n = strlen(prefix);

        if (l->n < n || memcmp(l->s, prefix, n) != 0)
                return false;
        l->s += n;
        l->n -= n;
        return true;
}

static bool ends(Level *l, const char *suffix) {
        size_t n = strlen(suffix);

        if (l->n < n || memcmp(l->s + l->n - n, suffix, n) != 0)
                return false;
        l->n -= n;
        return true;
}

static bool equals(Level l, const char *word) {
        return l.n == strlen(word) && memcmp(l.s, word, l.n) == 0;
}

static bool is_hex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool all_hex(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!is_hex(s[i]))
                        return false;
        return true;
}

static bool all_digits(Level l) {
        for (size_t i = 0; i < l.n; i++)
                if (l.s[i] < '0' || l.s[i] > '9')
                        return false;
        return l.n > 0;
}

static bool is_hex64(Level l) {
        return l.n == 64 && all_hex(l.s, l.n);
}

/* 8-4-4-4-12 with dashes, or with underscores as systemd's slice names have it. */
static bool is_uuid(const char *s, size_t n, bool dashes, bool underscores) {
        if (n != 36)
                return false;
        for (size_t i = 0; i < n; i++)
                if (i == 8 || i == 13 || i == 18 || i == 23) {
                        if (!(dashes && s[i] == '-') && !(underscores && s[i] == '_'))
                                return false;
                } else if (!is_hex(s[i]))
                        return false;
        return true;
}

static bool is_pod_uid(const char *s, size_t n, bool dashes, bool underscores) {
        return (n == 32 && all_hex(s, n)) || is_uuid(s, n, dashes, underscores);
}

static void set_pod_uid(Identity *i, const char *s, size_t n) {
        COPY(i->pod_uid, s, n);
        for (char *p = i->pod_uid; *p; p++)
                if (*p == '_')
                        *p = '-';
}

/* A container's level below a pod: [prefix-]HEX64[.scope]; tells the runtime by the prefix. */
static bool take_container(Identity *i, Level l) {
        static const struct { const char *prefix, *runtime; } runtimes[] = {
                { "cri-containerd-", "containerd" }, { "crio-conmon-", "crio" }, { "crio-", "crio" }, { "docker-", "docker" },
        };
        const char *runtime = "";

        for (size_t r = 0; r < sizeof(runtimes) / sizeof(*runtimes); r++)
                if (starts(&l, runtimes[r].prefix)) {
                        runtime = runtimes[r].runtime;
                        break;
                }
        (void) ends(&l, ".scope");
        if (!is_hex64(l))
                return false;
        COPY(i->container_id, l.s, l.n);
        COPY(i->runtime, runtime, strlen(runtime));
        return true;
}

/* ---- one function a pattern: returns how many levels it takes, 0 for no match ---- */

/* "([a-z0-9_]+-)*kubepods(-(burstable|besteffort))?-pod": what stands before must be empty or end in a dash. */
static bool take_kubepods(Level *l) {
        static const char word[] = "kubepods";

        for (size_t at = 0; at + strlen(word) <= l->n; at++) {
                Level rest = { l->s + at, l->n - at };
                bool prefix = true;

                for (size_t i = 0; i < at; i++) {
                        char c = l->s[i];

                        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c == '-' && i > 0 && l->s[i - 1] != '-')))
                                prefix = false;
                }
                if (!prefix || (at > 0 && l->s[at - 1] != '-') || !starts(&rest, word))
                        continue;
                if (!starts(&rest, "-burstable"))
                        (void) starts(&rest, "-besteffort");
                if (!starts(&rest, "-pod"))
                        continue;
                *l = rest;
                return true;
        }
        return false;
}

static size_t match_k8s_systemd(Identity *i, const Level *l, size_t n) {
        Level pod = l[0];

        if (!take_kubepods(&pod) || !ends(&pod, ".slice") || !is_pod_uid(pod.s, pod.n, false, true))
                return 0;
        i->kind = REEVE_IDENTITY_KUBERNETES;
        set_pod_uid(i, pod.s, pod.n);
        return n > 1 && take_container(i, l[1]) ? 2 : 1;
}

/* kubelet by systemd, containerd by cgroupfs: "kubepods-burstable-podUID.slice:cri-containerd:CID" */
static size_t match_k8s_mismatch(Identity *i, const Level *l, size_t n) {
        Level pod = l[0];
        const char *slice, *colon;

        (void) n;
        if (!take_kubepods(&pod))
                return 0;
        slice = memmem(pod.s, pod.n, ".slice:", strlen(".slice:"));
        if (!slice || !is_pod_uid(pod.s, (size_t) (slice - pod.s), true, true))
                return 0;
        colon = memrchr(slice, ':', pod.n - (size_t) (slice - pod.s));
        if (colon == slice + strlen(".slice") || !is_hex64((Level) { colon + 1, (size_t) (pod.s + pod.n - colon - 1) }))
                return 0;
        i->kind = REEVE_IDENTITY_KUBERNETES;
        set_pod_uid(i, pod.s, (size_t) (slice - pod.s));
        COPY(i->container_id, colon + 1, 64);
        slice += strlen(".slice:");
        if ((size_t) (colon - slice) == strlen("cri-containerd") && memcmp(slice, "cri-containerd", strlen("cri-containerd")) == 0)
                COPY(i->runtime, "containerd", strlen("containerd"));
        else
                COPY(i->runtime, slice, (size_t) (colon - slice));
        return 1;
}

static size_t match_k8s_cgroupfs(Identity *i, const Level *l, size_t n) {
        size_t at = 1;
        Level pod;

        if (!equals(l[0], "kubepods"))
                return 0;
        if (n > at && (equals(l[at], "burstable") || equals(l[at], "besteffort")))
                at++;
        if (n <= at)
                return 0;
        pod = l[at];
        if (!starts(&pod, "pod") || !is_pod_uid(pod.s, pod.n, true, false))
                return 0;
        i->kind = REEVE_IDENTITY_KUBERNETES;
        set_pod_uid(i, pod.s, pod.n);
        at++;
        return n > at && take_container(i, l[at]) ? at + 1 : at;
}

static bool take_libpod(Identity *i, Level l, bool scope_needed) {
        bool conmon, scope;

        if (!starts(&l, "libpod-"))
                return false;
        conmon = starts(&l, "conmon-");
        scope = ends(&l, ".scope");
        if ((scope_needed && !scope) || !is_hex64(l))
                return false;
        i->kind = REEVE_IDENTITY_PODMAN;
        COPY(i->runtime, conmon ? "conmon" : "podman", conmon ? strlen("conmon") : strlen("podman"));
        COPY(i->container_id, l.s, l.n);
        return true;
}

static size_t match_podman_pod(Identity *i, const Level *l, size_t n) {
        Level pod = l[0];

        if ((!starts(&pod, "machine-libpod_pod_") && !starts(&pod, "user-libpod_pod_")) || !ends(&pod, ".slice") || !is_hex64(pod))
                return 0;
        i->kind = REEVE_IDENTITY_PODMAN;
        COPY(i->runtime, "podman", strlen("podman"));
        COPY(i->pod, pod.s, pod.n);
        if (n > 1 && take_libpod(i, l[1], /* scope_needed= */ true))
                return n > 2 && equals(l[2], "container") ? 3 : 2;
        return 1;
}

static size_t match_podman(Identity *i, const Level *l, size_t n) {
        if (!take_libpod(i, l[0], /* scope_needed= */ false))
                return 0;
        return n > 1 && equals(l[1], "container") ? 2 : 1;
}

static size_t match_podman_quadlet(Identity *i, const Level *l, size_t n) {
        Level unit = l[0], payload;

        if (n < 2 || !ends(&unit, ".service") || unit.n == 0)
                return 0;
        payload = l[1];
        if (starts(&payload, "libpod-payload-")) {
                if (!is_hex64(payload))
                        return 0;
                COPY(i->container_id, payload.s, payload.n);
        } else if (!equals(payload, "runtime"))
                return 0;
        i->kind = REEVE_IDENTITY_PODMAN;
        COPY(i->runtime, "podman", strlen("podman"));
        COPY(i->unit, l[0].s, l[0].n);
        return 2;
}

static bool take_docker_scope(Identity *i, Level l) {
        if (!starts(&l, "docker-") || !ends(&l, ".scope") || !is_hex64(l))
                return false;
        COPY(i->container_id, l.s, l.n);
        COPY(i->runtime, "docker", strlen("docker"));
        return true;
}

static size_t match_ecs(Identity *i, const Level *l, size_t n) {
        Level task;

        if (n < 2 || !equals(l[0], "ecstasks.slice"))
                return 0;
        task = l[1];
        if (!starts(&task, "ecstasks-") || !ends(&task, ".slice") || task.n != 32 || !all_hex(task.s, task.n))
                return 0;
        i->kind = REEVE_IDENTITY_ECS;
        COPY(i->pod, task.s, task.n);
        return n > 2 && take_docker_scope(i, l[2]) ? 3 : 2;
}

static size_t match_docker_systemd(Identity *i, const Level *l, size_t n) {
        (void) n;
        if (!take_docker_scope(i, l[0]))
                return 0;
        i->kind = REEVE_IDENTITY_DOCKER;
        return 1;
}

static size_t match_docker_cgroupfs(Identity *i, const Level *l, size_t n) {
        if (n < 2 || !equals(l[0], "docker") || !is_hex64(l[1]))
                return 0;
        i->kind = REEVE_IDENTITY_DOCKER;
        COPY(i->runtime, "docker", strlen("docker"));
        COPY(i->container_id, l[1].s, l[1].n);
        return 2;
}

static size_t match_nomad(Identity *i, const Level *l, size_t n) {
        Level task;

        if (n < 3 || !equals(l[0], "nomad.slice") || !(equals(l[1], "share.slice") || equals(l[1], "reserve.slice")))
                return 0;
        task = l[2];
        if (!ends(&task, ".scope") || task.n < 38 || task.s[36] != '.' || !is_uuid(task.s, 36, true, false))
                return 0;
        i->kind = REEVE_IDENTITY_NOMAD;
        COPY(i->pod_uid, task.s, 36);           /* the allocation */
        COPY(i->container, task.s + 37, task.n - 37);
        COPY(i->runtime, "nomad", strlen("nomad"));
        return 3;
}

/* "lxc.payload.NAME", of LXD and Incus PROJECT_NAME; old "lxc/NAME"; "lxc@NAME.service". */
static bool take_lxc_name(Level *name) {
        if (starts(name, "lxc.payload.") || starts(name, "lxc.monitor.") || starts(name, "lxc.pivot."))
                return name->n > 0;
        return starts(name, "lxc@") && ends(name, ".service") && name->n > 0;
}

static size_t match_lxc(Identity *i, const Level *l, size_t n) {
        Level name = l[0];
        size_t took = 1;

        if (n > 1 && equals(l[0], "lxc")) {
                name = l[1];
                took = 2;
        } else if (!take_lxc_name(&name))
                return 0;
        i->kind = REEVE_IDENTITY_LXC;
        COPY(i->container, name.s, name.n);
        COPY(i->runtime, "lxc", strlen("lxc"));
        return took;
}

static size_t match_slurm(Identity *i, const Level *l, size_t n) {
        Level scope = l[0], job, step, task;
        size_t at = 2;

        if (n < 2 || !ends(&scope, "slurmstepd.scope") || (scope.n > 0 && (scope.n < 2 || scope.s[scope.n - 1] != '_')))
                return 0;
        job = l[1];
        if (!starts(&job, "job_") || !all_digits(job))
                return 0;
        i->kind = REEVE_IDENTITY_SLURM;
        COPY(i->runtime, "slurm", strlen("slurm"));
        COPY(i->pod, job.s, job.n);
        if (n > at) {
                step = l[at];
                if (starts(&step, "step_") && step.n > 0) {
                        COPY(i->container, step.s, step.n);
                        at++;
                }
        }
        if (n > at + 1 && equals(l[at], "user")) {
                task = l[at + 1];
                if (starts(&task, "task_") && task.n > 0)
                        at += 2;
        }
        return at;
}

static size_t match_oci_scope(Identity *i, const Level *l, size_t n) {
        static const char *const runtimes[] = { "runc", "crun", "nerdctl" };

        (void) n;
        for (size_t r = 0; r < sizeof(runtimes) / sizeof(*runtimes); r++) {
                Level id = l[0];

                if (!starts(&id, runtimes[r]) || !starts(&id, "-") || !ends(&id, ".scope") || id.n == 0)
                        continue;
                i->kind = REEVE_IDENTITY_CONTAINERD;
                COPY(i->runtime, runtimes[r], strlen(runtimes[r]));
                COPY(i->container_id, id.s, id.n);
                return 1;
        }
        return 0;
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

typedef size_t (*Pattern)(Identity *, const Level *, size_t);

/* In this order at each level; the first that matches is what starts there. */
static const Pattern containers[] = {
        match_k8s_systemd, match_k8s_mismatch,   match_k8s_cgroupfs,    match_podman_pod, match_podman, match_podman_quadlet,
        match_ecs,         match_docker_systemd, match_docker_cgroupfs, match_nomad,      match_lxc,    match_slurm,
        match_oci_scope,
};

static const Pattern units[] = { match_user_unit, match_session, match_unit };

static size_t match(Identity *i, const Pattern list[], size_t n_list, const Level *l, size_t n) {
        size_t took = 0;

        for (size_t p = 0; p < n_list && took == 0; p++)
                took = list[p](i, l, n);
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
                size_t took = match(&found, containers, sizeof(containers) / sizeof(*containers), &l->level[at], l->n - at);

                if (took > 0) {
                        name_unit(&found, l, at, at + took);
                        *ret = found;
                        depth = at + took;
                        at = depth;
                } else
                        at++;
        }
        if (depth > 0)
                return depth;
        for (size_t at = 0; at < l->n; at++) {
                size_t took = match(ret, units, sizeof(units) / sizeof(*units), &l->level[at], l->n - at);

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
        const char *first = strchr(name, '_'), *last = strrchr(name, '_');

        if (!first || last == first || first == name || last == first + 1 || identity->kind != REEVE_IDENTITY_KUBERNETES ||
            identity->pod_uid[0] == '\0' || strcmp(last + 1, identity->pod_uid) != 0)
                return false;
        COPY(identity->namespace, name, (size_t) (first - name));
        COPY(identity->pod, first + 1, (size_t) (last - first - 1));
        return true;
}
