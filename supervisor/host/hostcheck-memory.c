/* What this kernel does when memory runs out. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/host/hostcheck-parts.h"

static void look_at_panic(Look *l) {
        int64_t on_oom = look_number(l, "/proc/sys/vm/panic_on_oom", 0), reboot = look_number(l, "/proc/sys/kernel/panic", 0);

        if (on_oom >= 2)
                look_found(l, "panic_on_oom", FINDING_PROBLEM, "an OOM in any cgroup, also one with a limit of its own, stops the whole "
                           "host before anybody can record it", "sysctl vm.panic_on_oom=0", "vm.panic_on_oom=%" PRId64, on_oom);
        else if (on_oom == 1)
                look_found(l, "panic_on_oom", FINDING_WARNING, "when the host itself runs out of memory it panics; limits of cgroups are "
                           "not concerned. The kill is known only from what pstore keeps", "sysctl vm.panic_on_oom=0",
                           "vm.panic_on_oom=1");
        else
                look_found(l, "panic_on_oom", FINDING_OK, "the OOM killer kills and the host lives", "", "vm.panic_on_oom=0");
        if (on_oom > 0 && reboot == 0)
                look_found(l, "kernel_panic", FINDING_WARNING, "after a panic the host stands still until somebody comes",
                           "sysctl kernel.panic=10", "kernel.panic=0");
        else
                look_found(l, "kernel_panic", FINDING_OK, reboot == 0 ? "a panic, of which OOM is no cause here, needs a hand" :
                           "after a panic the host boots again", "", "kernel.panic=%" PRId64, reboot);
}

static void look_at_choice(Look *l) {
        int64_t allocating = look_number(l, "/proc/sys/vm/oom_kill_allocating_task", 0);

        if (allocating > 0)
                look_found(l, "oom_kill_allocating_task", FINDING_NOTE, "when the host runs out of memory the kernel takes whoever asked, "
                           "not who is largest; it is ignored for limits of cgroups", "sysctl vm.oom_kill_allocating_task=0",
                           "vm.oom_kill_allocating_task=%" PRId64, allocating);
        else
                look_found(l, "oom_kill_allocating_task", FINDING_OK, "the kernel takes the process with the most points", "",
                           "vm.oom_kill_allocating_task=0");
}

static void look_at_overcommit(Look *l) {
        int64_t mode = look_number(l, "/proc/sys/vm/overcommit_memory", 0), ratio = look_number(l, "/proc/sys/vm/overcommit_ratio", 50);

        if (mode == 2)
                look_found(l, "overcommit", FINDING_NOTE, "allocations fail with ENOMEM before the OOM killer is needed: programs that end "
                           "so are no OOM kills, and Reeve does not see them", "", "vm.overcommit_memory=2, overcommit_ratio=%" PRId64, ratio);
        else if (mode == 1)
                look_found(l, "overcommit", FINDING_NOTE, "every allocation is granted; what is too much shows only as an OOM kill",
                           "", "vm.overcommit_memory=1");
        else
                look_found(l, "overcommit", FINDING_OK, "only absurd allocations are refused", "", "vm.overcommit_memory=0");
}

static int64_t meminfo_kilobytes(const Look *l, const char *name) {
        char text[4096], *at;

        if (look_read(l, "/proc/meminfo", text, sizeof(text)) < 0)
                return -1;
        at = strstr(text, name);
        return at ? strtoll(at + strlen(name), NULL, 10) : -1;
}

/* /proc/swaps: a head line, then "/dev/zram0 partition 1048572 0 100". */
static void look_at_swap(Look *l) {
        char text[4096] = "";
        int64_t total = meminfo_kilobytes(l, "SwapTotal:");

        (void) look_read(l, "/proc/swaps", text, sizeof(text));
        if (total <= 0)
                look_found(l, "swap", FINDING_NOTE, "anonymous memory cannot be reclaimed: between full and killed there is little time",
                           "", "none");
        else if (strstr(text, "zram"))
                look_found(l, "swap", FINDING_OK, "zram is compressed RAM: Reeve counts it as RAM, not as swap", "",
                           "%" PRId64 "M, with zram", total / 1024);
        else
                look_found(l, "swap", FINDING_OK, "memory.swap.max bounds what a cgroup may have of it", "", "%" PRId64 "M", total / 1024);
}

static void look_at_watermarks(Look *l) {
        int64_t min = look_number(l, "/proc/sys/vm/min_free_kbytes", -1), total = meminfo_kilobytes(l, "MemTotal:");

        if (min < 0 || total <= 0)
                return;
        if (min > total / 20)
                look_found(l, "min_free_kbytes", FINDING_WARNING, "the kernel keeps so much free that it reclaims and kills early",
                           "lower vm.min_free_kbytes", "%" PRId64 "k, %" PRId64 " %% of RAM", min, 100 * min / total);
        else
                look_found(l, "min_free_kbytes", FINDING_OK, "a usual reserve", "", "%" PRId64 "k", min);
}

void look_at_memory(Look *l) {
        look_at_panic(l);
        look_at_choice(l);
        look_at_overcommit(l);
        look_at_swap(l);
        look_at_watermarks(l);
}
