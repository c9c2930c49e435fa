/* Hostcheck over roots that stand for hosts: each row writes a few files, and what is not written is not there. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "supervisor/host/hostcheck.h"

typedef struct FakeFile {
        const char *path, *text;
} FakeFile;

#define V2 "25 1 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
#define V1_MEMORY "30 1 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
#define HYBRID_V2 "31 1 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"

/* A healthy Debian 12; a row's files come on top. */
static const FakeFile healthy[] = {
        { "/proc/self/mountinfo", V2 },
        { "/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids\n" },
        { "/sys/fs/cgroup/system.slice/memory.current", "1\n" },
        { "/sys/fs/cgroup/init.scope/memory.swap.max", "max\n" },
        { "/proc/sys/kernel/osrelease", "6.1.0-50-amd64\n" },
        { "/proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n" },
        { "/sys/kernel/btf/vmlinux", "x" },
        { "/sys/kernel/tracing/kprobe_events", "" },
        { "/sys/kernel/security/lockdown", "[none] integrity confidentiality\n" },
        { "/sys/fs/pstore/.keep", "" },
        { "/proc/sys/kernel/dmesg_restrict", "1\n" },
        { "/proc/sys/kernel/panic", "0\n" },
        { "/proc/sys/vm/panic_on_oom", "0\n" },
        { "/proc/sys/vm/oom_kill_allocating_task", "0\n" },
        { "/proc/sys/vm/overcommit_memory", "0\n" },
        { "/proc/sys/vm/overcommit_ratio", "50\n" },
        { "/proc/sys/vm/min_free_kbytes", "67584\n" },
        { "/proc/meminfo", "MemTotal:       8000000 kB\nSwapTotal:       1000000 kB\n" },
        { "/proc/swaps", "Filename Type Size Used Priority\n/dev/vda2 partition 1000000 0 -2\n" },
        { "/proc/1/comm", "systemd\n" },
};

static void write_file(const char *root, const FakeFile *f) {
        char path[512];
        FILE *out;

        (void) snprintf(path, sizeof(path), "%s%s", root, f->path);
        for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
                *p = 0;
                (void) mkdir(path, 0755);
        }
        if (!f->text) {
                (void) remove(path);
                return;
        }
        out = fopen(path, "w");
        assert_non_null(out);
        (void) fputs(f->text, out);
        assert_int_equal(fclose(out), 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

static void host_make(char *root, const FakeFile *files, size_t n) {
        (void) strcpy(root, "/tmp/reeve-host-XXXXXX");
        assert_non_null(mkdtemp(root));
        for (size_t i = 0; i < sizeof(healthy) / sizeof(*healthy); i++)
                write_file(root, &healthy[i]);
        for (size_t i = 0; i < n; i++)
                if (files[i].path)
                        write_file(root, &files[i]);
}

static const Finding *finding(const Findings *f, const char *name) {
        for (size_t i = 0; i < f->n; i++)
                if (strcmp(f->items[i].name, name) == 0)
                        return &f->items[i];
        return NULL;
}

static void test_a_healthy_host_has_nothing_to_change(void **state) {
        HostcheckOptions o = { .systemd_version = "252.39-1~deb12u2", .default_oom_policy = "continue" };
        Findings f = FINDINGS_INIT;
        char root[64];

        (void) state;
        host_make(root, NULL, 0);
        o.root = root;
        assert_int_equal(hostcheck_run(&f, &o), 0);
        assert_true(f.n > 12);
        for (size_t i = 0; i < f.n; i++)
                if (f.items[i].state != FINDING_OK)
                        fail_msg("%s: %s: %s", f.items[i].name, finding_state_to_string(f.items[i].state), f.items[i].value);
        findings_clear(&f);
        (void) nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_each_thing_that_is_off_is_found(void **state) {
        static const struct {
                FakeFile files[3];
                const char *name;
                FindingState state;
                const char *value;
        } rows[] = {
                { { { "/proc/self/mountinfo", V1_MEMORY HYBRID_V2 } }, "memory_controller", FINDING_PROBLEM, "v1" },
                { { { "/proc/self/mountinfo", "" } }, "memory_controller", FINDING_PROBLEM, "no cgroup v2" },
                { { { "/sys/fs/cgroup/cgroup.controllers", "cpu io pids\n" } }, "memory_controller", FINDING_PROBLEM, "/sys/fs/cgroup" },
                { { { "/proc/self/mountinfo", "25 1 0:22 / /sys/fs/cgroup ro - cgroup2 c rw\n" } }, "cgroup_mount", FINDING_WARNING, "read-only" },
                { { { "/proc/self/mountinfo", "25 1 0:22 / /sys/fs/cgroup rw - cgroup2 c rw,memory_localevents\n" } },
                  "cgroup_mount", FINDING_WARNING, "memory_localevents" },
                { { { "/proc/sys/kernel/osrelease", "5.10.0-32-amd64\n" } }, "kernel", FINDING_NOTE, "5.10" },
                { { { "/proc/sys/kernel/osrelease", "4.19.0\n" } }, "kernel", FINDING_WARNING, "4.19" },
                { { { "/proc/pressure/memory", NULL } }, "psi", FINDING_WARNING, "no /proc/pressure" },
                { { { "/sys/kernel/btf/vmlinux", NULL } }, "btf", FINDING_WARNING, "no /sys/kernel/btf" },
                { { { "/sys/kernel/btf/vmlinux", NULL } }, "sources", FINDING_WARNING, "log only" },
                { { { "/sys/kernel/tracing/kprobe_events", NULL } }, "kprobes", FINDING_WARNING, "kprobe_events" },
                { { { "/sys/kernel/tracing/kprobe_events", NULL } }, "sources", FINDING_WARNING, "log only" },
                { { { "/sys/kernel/security/lockdown", "none integrity [confidentiality]\n" } }, "lockdown", FINDING_WARNING, "confid" },
                { { { "/sys/kernel/security/lockdown", "none integrity [confidentiality]\n" } }, "sources", FINDING_WARNING, "lockdown" },
                { { { "/proc/sys/vm/panic_on_oom", "1\n" } }, "panic_on_oom", FINDING_WARNING, "=1" },
                { { { "/proc/sys/vm/panic_on_oom", "2\n" } }, "panic_on_oom", FINDING_PROBLEM, "=2" },
                { { { "/proc/sys/vm/panic_on_oom", "1\n" } }, "kernel_panic", FINDING_WARNING, "=0" },
                { { { "/proc/sys/vm/oom_kill_allocating_task", "1\n" } }, "oom_kill_allocating_task", FINDING_NOTE, "=1" },
                { { { "/proc/sys/vm/overcommit_memory", "2\n" } }, "overcommit", FINDING_NOTE, "ratio=50" },
                { { { "/proc/meminfo", "MemTotal: 8000000 kB\nSwapTotal: 0 kB\n" } }, "swap", FINDING_NOTE, "none" },
                { { { "/proc/swaps", "Filename\n/dev/zram0 partition 1 0 100\n" } }, "swap", FINDING_OK, "zram" },
                { { { "/proc/sys/vm/min_free_kbytes", "1000000\n" } }, "min_free_kbytes", FINDING_WARNING, "12 %" },
                { { { "/proc/77/comm", "earlyoom\n" }, { "/proc/78/comm", "systemd-oomd\n" } }, "oom_managers", FINDING_NOTE, "earlyoom" },
                { { { "/sys/fs/cgroup/system.slice/memory.current", NULL } }, "accounting", FINDING_WARNING, "off" },
                { { { "/sys/fs/cgroup/init.scope/memory.swap.max", NULL } }, "swap_accounting", FINDING_NOTE, "memory.swap.max" },
                { { { NULL, NULL } }, "delegation", FINDING_NOTE, "no user@1000.service" },
                { { { "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.controllers", "pids\n" } },
                  "delegation", FINDING_WARNING, "not delegated" },
                { { { "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.controllers", "memory pids\n" } },
                  "delegation", FINDING_OK, "delegated" },
                { { { NULL, NULL } }, "oom_policy", FINDING_NOTE, "stop" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                HostcheckOptions o = { .uid = 1000, .systemd_version = "252", .default_oom_policy = "stop" };
                Findings f = FINDINGS_INIT;
                const Finding *x;
                char root[64];

                host_make(root, rows[i].files, 3);
                o.root = root;
                assert_int_equal(hostcheck_run(&f, &o), 0);
                x = finding(&f, rows[i].name);
                if (!x || x->state != rows[i].state || !strstr(x->value, rows[i].value))
                        fail_msg("row %zu, %s: %s \"%s\"", i, rows[i].name, x ? finding_state_to_string(x->state) : "not found",
                                 x ? x->value : "");
                if (x->state > FINDING_NOTE)
                        assert_true(x->meaning[0]);
                findings_clear(&f);
                (void) nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        }
}

static void test_the_controller_is_found_or_explained(void **state) {
        static const FakeFile hybrid[] = { { "/proc/self/mountinfo", V1_MEMORY HYBRID_V2 } };
        char root[64], mount[64] = "", why[512] = "";
        HostcheckOptions o = { .root = root };

        (void) state;
        host_make(root, NULL, 0);
        assert_int_equal(hostcheck_memory_controller(&o, mount, sizeof(mount), why, sizeof(why)), 0);
        assert_string_equal(mount, "/sys/fs/cgroup");
        (void) nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        host_make(root, hybrid, 1);
        assert_int_equal(hostcheck_memory_controller(&o, NULL, 0, why, sizeof(why)), -ENODEV);
        assert_non_null(strstr(why, "/sys/fs/cgroup/unified"));
        assert_non_null(strstr(why, "systemd.unified_cgroup_hierarchy=1"));
        (void) nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_healthy_host_has_nothing_to_change),
                cmocka_unit_test(test_each_thing_that_is_off_is_found),
                cmocka_unit_test(test_the_controller_is_found_or_explained),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
