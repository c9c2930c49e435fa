#include "supervisor/ctl/topics.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const Topic topics[] = {
        { "137|exit code 137|sigkill|signal 9|kill -9|killed", "a process ended with status 137, or by signal 9",
          "Status 137 is 128 + 9: the process was ended by signal 9, SIGKILL. The OOM killer is one sender of it; others are systemd "
          "after TimeoutStopSec=, container runtimes after their grace period, 'kill -9', and a pid namespace whose first process "
          "ended. The status alone does not tell them apart. Reeve records both:\n\n"
          "  reevectl explain pid:4711       # what took that process\n"
          "  reevectl kills --all            # OOM kills and all other SIGKILLs\n\n"
          "SIGKILL cannot be caught, so there is no core dump, no stack trace and no last log line.\n" },
        { "log|grep oom /var/log/messages|dmesg|journalctl -k|/var/log|out of memory|oom-killer|invoked oom-killer",
          "grep oom /var/log/messages, dmesg, \"invoked oom-killer\"",
          "'grep -i oom /var/log/messages' or 'journalctl -k -g \"out of memory\"' find the kernel's report, if the log still has it: it is "
          "rate-limited, a few MB long, and gone after a reboot without a persistent journal. The process that 'invoked oom-killer' is the "
          "one that asked for memory last, not the one to blame, and not always the one killed. 'Memory cgroup out of memory' means "
          "a limit, plain 'Out of memory' the whole host. Reeve keeps what the log says, joins it with what it saw itself, and at its first "
          "start reads back what the logs still have:\n\n"
          "  reevectl kills --since yesterday\n"
          "  reevectl explain last\n" },
        { "oom_score|badness|points|who is killed", "how the kernel chooses its victim",
          "The kernel gives each process it may choose points: its pages in RAM (anonymous, file and shared), in swap and its page tables, plus "
          "oom_score_adj thousandths of all the memory it is about: that of the limit, or of the host. The most points are taken. "
          "/proc/PID/oom_score shows about that number for the host as a whole, so inside a limit it can mislead. Where a cgroup "
          "limit is full only processes below that cgroup are looked at. The choice is by process, not by who filled the limit: a leak spread "
          "over ten children lives longer than one well-behaved database.\n\n"
          "  reevectl explain RECORD         # the points of those it could choose from\n" },
        { "oom_score_adj|OOMScoreAdjust|oom_adj", "make a process more or less likely to be taken",
          "/proc/PID/oom_score_adj goes from -1000 (never) to 1000 (always first). It adds that many thousandths of the limit (or of the host's "
          "memory) to the process's points: 300 is worth 30 % of all memory, a lot. Children inherit it. Under systemd:\n\n"
          "  systemctl edit UNIT             # [Service] OOMScoreAdjust=-500\n\n"
          "Kubernetes sets 968 and the like for Burstable and 1000 for BestEffort pods, so those die first. Use -1000 for what must "
          "live at any price only: if nothing else is left to take, the host panics. A budget can set it, too: OOMScoreAdjust= in reeve.conf(5).\n" },
        { "oom.group|memory.oom.group|oompolicy|group kill", "one process died, or all of the service",
          "memory.oom.group makes the kernel take all processes of a cgroup when it would take one. systemd sets it for OOMPolicy=kill. With "
          "OOMPolicy=stop (the default for services) the kernel takes one process and systemd stops the rest; with continue the rest lives "
          "on. Kubernetes sets it for containers since 1.28. Reeve writes one record of one OOM, with each victim in it.\n" },
        { "panic_on_oom|vm.panic_on_oom|kernel.panic|panic", "the host rebooted instead of killing",
          "vm.panic_on_oom=1 makes a host-wide OOM a kernel panic, 2 also that of a cgroup limit; with kernel.panic=N the host then reboots after N "
          "seconds. No process is killed and no record can be written at that moment; what pstore kept is read back at the next start. "
          "For single services a limit is nearly always better than a panic.\n\n"
          "  sysctl vm.panic_on_oom kernel.panic\n"
          "  reevectl doctor\n" },
        { "oom_kill_allocating_task|vm.oom_kill_allocating_task", "the kernel took whoever asked",
          "With vm.oom_kill_allocating_task=1 the kernel takes the process that asked for memory, whatever its size. That is quick and unfair. "
          "Records then say selection 'allocating_task'.\n\n"
          "  sysctl vm.oom_kill_allocating_task=0\n" },
        { "overcommit|vm.overcommit_memory|overcommit_memory|malloc|cannot allocate memory|enomem", "malloc() fails, or never fails",
          "By default (vm.overcommit_memory=0) the kernel promises more memory than there is, and the OOM killer settles it when the "
          "promises are called in. With 2 it promises no more than swap plus vm.overcommit_ratio of RAM: then malloc() and fork() fail with "
          "'Cannot allocate memory' instead, and much software handles that worse. Cgroup limits count memory that is touched, not what is "
          "promised: overcommit settings change nothing about them.\n" },
        { "memory.high|MemoryHigh|throttle|throttling|slow", "the service became slow, nothing was killed",
          "memory.high is no limit that kills: above it the kernel reclaims and slows the processes down. A service that truly needs more than "
          "that, without swap, hangs in it for hours while it looks 'active (running)'. See it by the counter 'high' in memory.events and "
          "by memory.pressure. Set MemoryHigh= a little below MemoryMax= as a warning, never alone and far below.\n\n"
          "  reevectl status UNIT\n" },
        { "memory.max|MemoryMax|limit|MemoryLimit", "set or raise a memory limit",
          "memory.max is the hard limit of a cgroup and all that is below it: processes, page cache, tmpfs, kernel memory. When it is full and nothing "
          "can be reclaimed, the OOM killer takes something below that cgroup. The least limit on the way up to the root is the one that counts.\n\n"
          "  reevectl set UNIT MemoryMax=1G          # now, until it stops\n"
          "  reevectl set UNIT MemoryMax=1G --save   # and for good\n"
          "  reevectl status UNIT                    # what counts now\n\n"
          "Through Reeve lowering a limit kills nobody: it reclaims first, and refuses where that is not enough.\n" },
        { "swap|MemorySwapMax|memory.swap.max|zram|swappiness", "what swap has to do with it",
          "Without swap anonymous memory cannot be reclaimed: a limit is then met at full speed. With some swap cold memory moves away first, and there is "
          "time to see it coming. memory.swap.max bounds it per cgroup (MemorySwapMax=); 0 forbids it. Memory in swap does not count against "
          "memory.max. zram is swap in RAM: it helps, but fills the same memory.\n" },
        { "java|jvm|OutOfMemoryError|heap", "Java: OutOfMemoryError, heap dumps and the OOM killer",
          "java.lang.OutOfMemoryError is the JVM's own limit (-Xmx); the JVM lives on and can write a heap dump (-XX:+HeapDumpOnOutOfMemoryError). An OOM kill "
          "is the kernel's: the JVM never hears of it and dumps nothing. It happens where -Xmx plus all else (metaspace, threads, direct "
          "buffers, compiled code: a quarter and more) exceeds the cgroup limit. Give the heap a share of the limit:\n\n"
          "  java -XX:MaxRAMPercentage=75 ...\n"
          "  jcmd PID VM.native_memory       # where all the rest is\n" },
        { "page cache|cache|buff/cache|free|available", "memory looks full, but is cache",
          "The kernel keeps file contents in memory as long as nobody needs it; that counts as usage of the cgroup that read them, and a busy service sits at "
          "its memory.max all day without harm. What leads to an OOM kill is memory that cannot be reclaimed: anonymous memory without swap, tmpfs, "
          "kernel memory. Reeve ranks by that.\n\n"
          "  reevectl                        # who is nearest to a limit by it\n" },
        { "tmpfs|shmem|/dev/shm|shared memory", "the killer kills, and memory stays full",
          "Files in a tmpfs (/dev/shm, /run, often /tmp) and shared memory belong to the cgroup that wrote them first, and no kill frees them while the files "
          "exist. A service whose limit is full of them is killed again and again.\n\n"
          "  df -h -t tmpfs; ls -l /dev/shm; ipcs -m\n" },
        { "kubernetes|k8s|kubectl|OOMKilled|pod|eviction", "OOMKilled in Kubernetes, or not",
          "'OOMKilled' is set when the container's first process was OOM-killed; when a child died it is not, and a pod that was evicted died of the kubelet, not of "
          "the kernel. The limit is resources.limits.memory of the container; pods and QoS classes have limits above it that can be full "
          "first. Requests limit nothing, but decide oom_score_adj.\n\n"
          "  reevectl explain NAMESPACE/POD\n"
          "  reevectl kills --by unit\n" },
        { "docker|podman|container|containers", "OOM kills in containers",
          "'docker inspect' says OOMKilled=true by a counter that is often read too late: the cgroup is gone with the container. Podman tells even less. Reeve names "
          "the container in each record by its cgroup, and takes its id or name.\n\n"
          "  reevectl explain 0123456789ab\n" },
        { "systemd-oomd|oomd|earlyoom|nohang|oomctl", "other programs that kill for memory",
          "systemd-oomd, earlyoom, nohang and oomd watch pressure, swap or free memory and send SIGKILL before the kernel would. Their kills are records with "
          "killer 'oom_manager' and scope 'none'. Managers= in reeve.conf(5) says which units are taken for such. Two of them at work on one "
          "host make guesses of each other's effect: one is enough.\n" },
        { "psi|pressure|memory.pressure|stall", "is the host short of memory right now",
          "/proc/pressure/memory and memory.pressure of each cgroup say which share of time some or all (full) tasks waited for memory. 'full' above 10 % "
          "over 10 s is thrashing. Booting with psi=1 turns it on where it is off.\n\n"
          "  reevectl status UNIT\n" },
        { NULL, NULL, NULL },
};

/* Whether one of the names of @t is @word, or with @inside is contained in it. */
static int topic_matches(const Topic *t, const char *word, int inside) {
        for (const char *name = t->names; *name;) {
                size_t length = strcspn(name, "|");
                char one[64];

                (void) snprintf(one, sizeof(one), "%.*s", (int) length, name);
                if (inside ? strcasestr(word, one) != NULL : strcasecmp(word, one) == 0)
                        return 1;
                name += length + (name[length] == '|');
        }
        return 0;
}

const Topic *topic_find(const char *word) {
        for (int inside = 0; inside <= 1; inside++)
                for (const Topic *t = topics; t->names; t++)
                        if (topic_matches(t, word, inside))
                                return t;
        return NULL;
}
