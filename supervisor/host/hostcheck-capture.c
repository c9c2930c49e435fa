/* How kills can be caught on this host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/host/hostcheck-parts.h"

#if defined(__x86_64__) || defined(__aarch64__)
#define HAS_KPROBE_SUPPORT true
#else
#define HAS_KPROBE_SUPPORT false
#endif

static void look_at_kernel(Look *l) {
        char release[128] = "?";
        int major = 0, minor = 0, version;

        (void) look_read(l, "/proc/sys/kernel/osrelease", release, sizeof(release));
        (void) sscanf(release, "%d.%d", &major, &minor);
        version = major * 1000 + minor;
        if (version == 0)
                look_found(l, "kernel", FINDING_WARNING, "what this kernel can do is not known", "", "%s", release);
        else if (version < 5010)
                look_found(l, "kernel", FINDING_WARNING, "Reeve is tested from 5.10 on", "use a newer kernel", "%s", release);
        else if (version < 5014)
                look_found(l, "kernel", FINDING_NOTE, "no cgroup.kill, memory.reclaim and memory.peak: killing goes process by "
                           "process, lowering a limit below usage is refused, peaks are not known", "", "%s", release);
        else if (version < 5019)
                look_found(l, "kernel", FINDING_NOTE, "no memory.reclaim and memory.peak: lowering a limit below usage is refused, "
                           "peaks are not known", "", "%s", release);
        else
                look_found(l, "kernel", FINDING_OK, "all that Reeve uses is there", "", "%s", release);
}

static void look_at_psi(Look *l) {
        char text[256];
        int r = look_read(l, "/proc/pressure/memory", text, sizeof(text));

        if (r == 0)
                look_found(l, "psi", FINDING_OK, "records carry pressure", "", "/proc/pressure/memory can be read");
        else
                look_found(l, "psi", FINDING_WARNING, "records carry no pressure, rules on memory.some and memory.full cannot be used",
                           "boot with psi=1 on the kernel command line", "%s",
                           r == -EOPNOTSUPP ? "PSI is off (psi=0)" : "there is no /proc/pressure/memory");
}

/* Returns what stands between this host and the kprobe source, or NULL. */
static const char *kprobe_obstacle(const Look *l, const char *lockdown) {
        char text[16];

        if (!HAS_KPROBE_SUPPORT)
                return "this architecture is not one of x86-64 and arm64";
        if (!look_exists(l, "/sys/kernel/btf/vmlinux"))
                return "the kernel has no BTF";
        if (!look_exists(l, "/sys/kernel/tracing"))
                return "the kernel has no tracefs";
        if (look_read(l, "/sys/kernel/tracing/kprobe_events", text, sizeof(text)) == -ENOENT)
                return "tracefs is not mounted, or has no kprobe events";
        if (strstr(lockdown, "[confidentiality]"))
                return "lockdown forbids kprobes";
        return NULL;
}

static void look_at_btf(Look *l) {
        if (look_exists(l, "/sys/kernel/btf/vmlinux"))
                look_found(l, "btf", FINDING_OK, "the kprobe source finds the kernel's structures by it", "", "/sys/kernel/btf/vmlinux");
        else
                look_found(l, "btf", FINDING_WARNING, "the kprobe source cannot work: kills in short-lived cgroups may lack details",
                           "use a kernel with CONFIG_DEBUG_INFO_BTF=y", "there is no /sys/kernel/btf/vmlinux");
}

/* tracefs belongs to root, mode 0700: others learn no more than that it is there. */
static void look_at_tracefs(Look *l) {
        char text[16];
        int r = look_read(l, "/sys/kernel/tracing/kprobe_events", text, sizeof(text));

        if (!look_exists(l, "/sys/kernel/tracing")) {
                look_found(l, "tracefs", FINDING_WARNING, "the kprobe source cannot work", "use a kernel with CONFIG_KPROBE_EVENTS=y",
                           "there is no /sys/kernel/tracing");
                return;
        }
        look_found(l, "tracefs", FINDING_OK, "probes and rings live there", "", "/sys/kernel/tracing");
        if (r == 0)
                look_found(l, "kprobes", FINDING_OK, "the kernel's OOM killer can be probed", "", "kprobe_events can be read");
        else if (r == -EACCES)
                look_found(l, "kprobes", FINDING_NOTE, "only root may look; reeved tells in its status whether they work", "",
                           "kprobe_events: permission denied");
        else
                look_found(l, "kprobes", FINDING_WARNING, "the kprobe source cannot work",
                           "mount -t tracefs nodev /sys/kernel/tracing, or use a kernel with CONFIG_KPROBE_EVENTS=y",
                           "kprobe_events: %s", strerror(-r));
}

static void look_at_lockdown(Look *l, const char *lockdown) {
        if (lockdown[0] == 0)
                look_found(l, "lockdown", FINDING_OK, "nothing is forbidden to root", "", "not in this kernel, or not to be read");
        else if (strstr(lockdown, "[confidentiality]"))
                look_found(l, "lockdown", FINDING_WARNING, "kprobes are forbidden: kills are seen by the kernel log and counters",
                           "lockdown=integrity on the kernel command line is enough for Secure Boot", "%s", lockdown);
        else
                look_found(l, "lockdown", FINDING_OK, "kprobes are allowed", "", "%s", lockdown);
}

static void look_at_log(Look *l) {
        int64_t restricted = look_number(l, "/proc/sys/kernel/dmesg_restrict", -1);
        int64_t tasks = look_number(l, "/proc/sys/vm/oom_dump_tasks", 1);

        look_found(l, "kernel_log", FINDING_OK, restricted == 1 ? "reeved reads it with CAP_SYSLOG, which its unit grants" :
                   "reeved and everybody may read it", "", "kernel.dmesg_restrict=%lld", (long long) restricted);
        if (tasks == 0)
                look_found(l, "oom_dump_tasks", FINDING_NOTE, "where only the kernel log tells of a kill, the other processes are not known",
                           "sysctl vm.oom_dump_tasks=1", "vm.oom_dump_tasks=0");
        if (!look_exists(l, "/sys/fs/pstore"))
                look_found(l, "pstore", FINDING_NOTE, "what the kernel says in a panic is not kept over the reboot", "", "not there");
}

void look_at_capture(Look *l) {
        char lockdown[128] = "";
        const char *obstacle;

        (void) look_read(l, "/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
        look_at_kernel(l);
        look_at_psi(l);
        look_at_btf(l);
        look_at_tracefs(l);
        look_at_lockdown(l, lockdown);
        look_at_log(l);
        obstacle = kprobe_obstacle(l, lockdown);
        if (obstacle)
                look_found(l, "sources", FINDING_WARNING, "what short-lived cgroups lose is counted and said, not seen", "",
                           "log only: %s", obstacle);
        else
                look_found(l, "sources", FINDING_OK, "every kill can be seen, also in cgroups that are gone at once", "",
                           "kprobe and log");
}
