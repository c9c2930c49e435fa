/* The patterns of containers: orchestrators, engines, batch systems. */
#include <string.h>

#include "supervisor/attribute/identity-private.h"

static bool is_hex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool all_hex(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!is_hex(s[i]))
                        return false;
        return true;
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

size_t identity_match_container(Identity *i, const Level *l, size_t n) {
        /* In this order at each level; the first that matches is what starts there. */
        static const Pattern containers[] = {
                match_k8s_systemd, match_k8s_mismatch,   match_k8s_cgroupfs,    match_podman_pod, match_podman, match_podman_quadlet,
                match_ecs,         match_docker_systemd, match_docker_cgroupfs, match_nomad,      match_lxc,    match_slurm,
                match_oci_scope,
        };
        size_t took = 0;

        for (size_t p = 0; p < sizeof(containers) / sizeof(*containers) && took == 0; p++)
                took = containers[p](i, l, n);
        return took;
}

static size_t hex_run(const char *s) {
        size_t n = 0;

        while (is_hex(s[n]))
                n++;
        return n;
}

bool identity_names_container(const char *name, const char *word) {
        enum { LONG = 64, SHORT = 12 };
        size_t wanted = strlen(word);

        if (wanted < SHORT || wanted > LONG || hex_run(word) != wanted)
                return false;
        while (*name) {
                size_t n = hex_run(name);

                if (n == LONG && strncmp(name, word, wanted) == 0)
                        return true;
                name += n ? n : 1;
        }
        return false;
}
