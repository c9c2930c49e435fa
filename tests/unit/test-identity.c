#include <stdio.h>
#include <string.h>

#include "check.h"
#include "supervisor/attribute/identity.h"

#define CID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID_ "3c1a4b2d_1111_2222_3333_444455556666"
#define UIDD "3c1a4b2d-1111-2222-3333-444455556666"
#define HASH "0123456789abcdef0123456789abcdef"
#define K8S REEVE_IDENTITY_KUBERNETES
#define USER "/user.slice/user-1000.slice/user@1000.service"

static void test_paths(void **state) {
        static const struct { const char *path; ReeveIdentityKind kind; const char *unit, *pod_uid, *container_id, *container, *runtime, *pod; } rows[] = {
                { "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/cri-containerd-" CID ".scope", K8S, "cri-containerd-" CID ".scope", UIDD, CID, "", "containerd", "" },
                { "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" CID ".scope/container", K8S, "crio-" CID ".scope", UIDD, CID, "", "crio", "" },
                { "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" HASH ".slice", K8S, "", HASH, "", "", "", "" },
                { "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" UID_ ".slice/cri-containerd-" CID ".scope", K8S, "cri-containerd-" CID ".scope", UIDD, CID, "", "containerd", "" },
                { "/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" CID, K8S, "", UIDD, CID, "", "containerd", "" },
                { "/kubepods/burstable/pod" UIDD "/" CID, K8S, "", UIDD, CID, "", "", "" },
                { "/kubepods/pod" UIDD "/crio-" CID, K8S, "", UIDD, CID, "", "crio", "" },
                { "/kubepods/besteffort/pod" UIDD, K8S, "", UIDD, "", "", "", "" },
                { "/docker/" CID "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_ ".slice/cri-containerd-" CID2 ".scope", K8S, "cri-containerd-" CID2 ".scope", UIDD, CID2, "", "containerd", "" },
                { "/lxc.payload.host1/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" CID ".scope", K8S, "cri-containerd-" CID ".scope", UIDD, CID, "", "containerd", "" },
                { "/machine.slice/machine-libpod_pod_" CID2 ".slice/libpod-" CID ".scope", REEVE_IDENTITY_PODMAN, "libpod-" CID ".scope", "", CID, "", "podman", NULL },
                { "/machine.slice/libpod-" CID ".scope/container", REEVE_IDENTITY_PODMAN, "libpod-" CID ".scope", "", CID, "", "podman", "" },
                { USER "/user.slice/libpod-" CID ".scope", REEVE_IDENTITY_PODMAN, "libpod-" CID ".scope", "", CID, "", "podman", "" },
                { "/machine.slice/libpod-conmon-" CID ".scope", REEVE_IDENTITY_PODMAN, "libpod-conmon-" CID ".scope", "", CID, "", "conmon", "" },
                { "/system.slice/web.service/libpod-payload-" CID, REEVE_IDENTITY_PODMAN, "web.service", "", CID, "", "podman", "" },
                { "/system.slice/web.service/runtime", REEVE_IDENTITY_PODMAN, "web.service", "", "", "", "podman", "" },
                { "/ecstasks.slice/ecstasks-" HASH ".slice/docker-" CID ".scope", REEVE_IDENTITY_ECS, "docker-" CID ".scope", "", CID, "", "docker", NULL },
                { "/system.slice/docker-" CID ".scope", REEVE_IDENTITY_DOCKER, "docker-" CID ".scope", "", CID, "", "docker", "" },
                { USER "/user.slice/docker-" CID ".scope", REEVE_IDENTITY_DOCKER, "docker-" CID ".scope", "", CID, "", "docker", "" },
                { "/docker/" CID, REEVE_IDENTITY_DOCKER, "", "", CID, "", "docker", "" },
                { "/system.slice/docker-" CID ".scope/system.slice/sshd.service", REEVE_IDENTITY_DOCKER, "docker-" CID ".scope", "", CID, "", "docker", "" },
                { "/nomad.slice/share.slice/" UIDD ".web.task.scope", REEVE_IDENTITY_NOMAD, UIDD ".web.task.scope", UIDD, "", "web.task", "nomad", "" },
                { "/lxc.payload.proj_name", REEVE_IDENTITY_LXC, "", "", "", "proj_name", "lxc", "" },
                { "/lxc/old", REEVE_IDENTITY_LXC, "", "", "", "old", "lxc", "" },
                { "/system.slice/lxc@one.service", REEVE_IDENTITY_LXC, "lxc@one.service", "", "", "one", "lxc", "" },
                { "/system.slice/slurmstepd.scope/job_123/step_0/user/task_1", REEVE_IDENTITY_SLURM, "slurmstepd.scope", "", "", "0", "slurm", "123" },
                { "/system.slice/node1_slurmstepd.scope/job_5", REEVE_IDENTITY_SLURM, "node1_slurmstepd.scope", "", "", "", "slurm", "5" },
                { "/system.slice/runc-web1.scope", REEVE_IDENTITY_CONTAINERD, "runc-web1.scope", "", "web1", "", "runc", "" },
                { USER "/app.slice/web.service/worker", REEVE_IDENTITY_USER_UNIT, "web.service", "", "", "", "", "" },
                { USER "/app.slice/web.service/x.service", REEVE_IDENTITY_USER_UNIT, "web.service", "", "", "", "", "" },
                { USER "/init.scope", REEVE_IDENTITY_USER_UNIT, "init.scope", "", "", "", "", "" },
                { USER, REEVE_IDENTITY_UNIT, "user@1000.service", "", "", "", "", "" },
                { "/user.slice/user-1000.slice/session-3.scope", REEVE_IDENTITY_SESSION, "session-3.scope", "", "", "", "", "" },
                { "/system.slice/web.service", REEVE_IDENTITY_UNIT, "web.service", "", "", "", "", "" },
                { "/system.slice/system-web.slice/web@1.service/sub.service", REEVE_IDENTITY_UNIT, "web@1.service", "", "", "", "", "" },
                { "/init.scope", REEVE_IDENTITY_UNIT, "init.scope", "", "", "", "", "" },
                { "/system.slice/reeve-groups.service", REEVE_IDENTITY_UNIT, "reeve-groups.service", "", "", "", "", "" },
                { "/system.slice/reeve-groups.service/.holder", REEVE_IDENTITY_UNIT, "reeve-groups.service", "", "", "", "", "" },
                { "/system.slice/reeve-groups.service/box", REEVE_IDENTITY_OWNED, "", "", "", "", "", "" },
                { "/system.slice/reeve-groups.service/box/x.service", REEVE_IDENTITY_OWNED, "", "", "", "", "", "" },
                { "/system.slice/reeve-groups.service/box/docker/" CID, REEVE_IDENTITY_DOCKER, "", "", CID, "", "docker", "" },
                { "/system.slice/web.service/system.slice/reeve-groups.service/box", REEVE_IDENTITY_UNIT, "web.service", "", "", "", "", "" },
                { "/system.slice/dev-hugepages.mount", REEVE_IDENTITY_UNIT, "dev-hugepages.mount", "", "", "", "", "" },
                { "/system.slice", REEVE_IDENTITY_PLAIN, "", "", "", "", "", "" },
                { "/", REEVE_IDENTITY_PLAIN, "", "", "", "", "", "" },
                { "/a/b c", REEVE_IDENTITY_PLAIN, "", "", "", "", "", "" },
                { "/kubepods.slice/kubepods-pod1234.slice", REEVE_IDENTITY_PLAIN, "", "", "", "", "", "" },
                { "/x/.service", REEVE_IDENTITY_PLAIN, "", "", "", "", "", "" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Identity d;

                identity_find(&d, rows[i].path, NULL, NULL, 0, NULL);
                if (d.kind != rows[i].kind || strcmp(d.unit, rows[i].unit) != 0 || strcmp(d.pod_uid, rows[i].pod_uid) != 0 ||
                    strcmp(d.container_id, rows[i].container_id) != 0 || strcmp(d.container, rows[i].container) != 0 ||
                    strcmp(d.runtime, rows[i].runtime) != 0 || (rows[i].pod && strcmp(d.pod, rows[i].pod) != 0))
                        fail_msg("%s: kind %s unit %s pod %s/%s container %s/%s runtime %s", rows[i].path, reeve_identity_kind_to_string((int) d.kind),
                                 d.unit, d.pod, d.pod_uid, d.container, d.container_id, d.runtime);
        }
}

/* Anybody with a delegated subtree can make a directory of any name: then the identity is claimed, not certain. */
static void test_confidence_is_the_directories(void **state) {
        static const struct { const char *path; bool root[5]; int64_t uid[5]; size_t n; bool certain; int64_t owner; } rows[] = {
                { "/system.slice/web.service", { true, true }, { 0, 0 }, 2, true, 0 },
                { "/system.slice/web.service/sub", { true, true, false }, { 0, 0, 33 }, 3, true, 0 },
                { "/system.slice/web.service", { true, false }, { 0, 33 }, 2, false, 33 },
                { "/system.slice/own.service/kubepods.slice/kubepods-pod" HASH ".slice", { true, false, true, true }, { 0, 1000, 0, 0 }, 4, false, 1000 },
                { "/system.slice/web.service", { true }, { 0 }, 1, false, KILL_UNKNOWN },
                { "/plain", { true }, { 0 }, 1, true, 0 },
                { "/system.slice/reeve-groups.service/box", { true, true, true }, { 0, 0, 0 }, 3, true, 0 },
                { "/system.slice/reeve-groups.service/box/sub", { true, true, true, false }, { 0, 0, 0, 33 }, 4, true, 0 },
                { "/system.slice/reeve-groups.service/box", { true, true, false }, { 0, 0, 33 }, 3, false, 33 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Identity d;

                identity_find(&d, rows[i].path, rows[i].root, rows[i].uid, rows[i].n, "abc");
                if (d.certain != rows[i].certain || d.owner_uid != rows[i].owner || strcmp(d.invocation_id, "abc") != 0)
                        fail_msg("row %zu: %d %ld", i, d.certain, (long) d.owner_uid);
        }
}

static void test_pod_names(void **state) {
        Identity d;

        (void) state;
        identity_find(&d, "/kubepods/pod" UIDD "/" CID, NULL, NULL, 0, NULL);
        assert_false(identity_name_pod(&d, "default_web-0_00000000-0000-0000-0000-000000000000"));
        assert_false(identity_name_pod(&d, "web"));
        assert_true(identity_name_pod(&d, "default_web-0_" UIDD));
        assert_string_equal(d.namespace, "default");
        assert_string_equal(d.pod, "web-0");
}

static void test_long_and_deep_paths(void **state) {
        static char path[8192];
        Identity d;

        (void) state;
        for (int i = 0; i < 300; i++)
                strcat(path, "/abcdefghijklmnop");
        identity_find(&d, path, NULL, NULL, 0, NULL);
        assert_int_equal(d.kind, REEVE_IDENTITY_PLAIN);
        snprintf(path, sizeof(path), "/%0300d.service", 1);
        identity_find(&d, path, NULL, NULL, 0, NULL);
        assert_int_equal(strlen(d.unit), IDENTITY_NAME_SIZE - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_confidence_is_the_directories),
                cmocka_unit_test(test_pod_names),
                cmocka_unit_test(test_long_and_deep_paths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
