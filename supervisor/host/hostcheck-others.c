/* Who else acts on this host: systemd, other managers of memory, and what is delegated to whom. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/hostcheck-parts.h"

static void look_at_systemd(Look *l) {
        const char *version = l->o->systemd_version, *policy = l->o->default_oom_policy;

        if (!version) {
                look_found(l, "systemd", FINDING_NOTE, "no units: budgets only for cgroups that Reeve makes itself, and run makes its own "
                           "cgroup where it may", "", "not reached");
                return;
        }
        if (atoi(version) < 252)
                look_found(l, "systemd", FINDING_WARNING, "Reeve is tested from 252 on", "", "%s", version);
        else
                look_found(l, "systemd", FINDING_OK, "budgets of units go through it", "", "%s", version);
        if (!policy)
                return;
        if (strcmp(policy, "continue") == 0)
                look_found(l, "oom_policy", FINDING_OK, "after a kill systemd lets the rest of the service live", "",
                           "DefaultOOMPolicy=continue");
        else
                look_found(l, "oom_policy", FINDING_NOTE, strcmp(policy, "kill") == 0 ?
                           "a kill takes the whole service, at once (memory.oom.group)" :
                           "after a kill systemd stops the whole service, whichever process it was",
                           "OOMPolicy=continue in the unit, where the rest can go on", "DefaultOOMPolicy=%s", policy);
}

static const char *const managers[] = { "systemd-oomd", "oomd", "earlyoom", "nohang" };

/* By the names of processes: a hint for people, nothing is decided by it. */
static void look_at_managers(Look *l) {
        _cleanup_closedir_ DIR *d = NULL;
        char path[4096], comm[64], found[256] = "";

        (void) snprintf(path, sizeof(path), "%s/proc", l->o->root);
        d = opendir(path);
        for (struct dirent *e; d && (e = readdir(d));) {
                if (!isdigit((unsigned char) e->d_name[0]))
                        continue;
                (void) snprintf(path, sizeof(path), "/proc/%.32s/comm", e->d_name);
                if (look_read(l, path, comm, sizeof(comm)) < 0)
                        continue;
                for (size_t i = 0; i < ELEMENTSOF(managers); i++) {
                        size_t used = strlen(found);

                        if (strcmp(comm, managers[i]) == 0)
                                (void) snprintf(found + used, sizeof(found) - used, "%s%s", used ? ", " : "", comm);
                }
        }
        if (found[0])
                look_found(l, "oom_managers", FINDING_NOTE, "it kills too. Its kills are recorded with killer oom_manager while its unit is "
                           "named in Managers=; rules of both on one cgroup would act twice", "let only one of them act on a cgroup",
                           "%s", found);
        else
                look_found(l, "oom_managers", FINDING_OK, "nobody else kills for memory", "", "none is running");
}

static void look_at_delegation(Look *l) {
        char path[8192];

        if (l->o->uid == 0 || l->mount[0] == 0)
                return;
        (void) snprintf(path, sizeof(path), "%s/user.slice/user-%u.slice/user@%u.service/cgroup.controllers", l->mount,
                        (unsigned) l->o->uid, (unsigned) l->o->uid);
        if (!look_exists(l, path))
                look_found(l, "delegation", FINDING_NOTE, "reevectl run needs a systemd of your own, or a cgroup that you may write",
                           "log in through PAM, or loginctl enable-linger", "no user@%u.service", (unsigned) l->o->uid);
        else if (look_lists(l, path, "memory"))
                look_found(l, "delegation", FINDING_OK, "reevectl run works without root", "", "memory is delegated to user@%u.service",
                           (unsigned) l->o->uid);
        else
                look_found(l, "delegation", FINDING_WARNING, "reevectl run cannot set limits without root",
                           "a file /etc/systemd/system/user@.service.d/delegate.conf that says [Service] Delegate=memory pids",
                           "memory is not delegated to user@%u.service", (unsigned) l->o->uid);
}

/* system.slice has memory files only while some unit has MemoryAccounting=, which is the default. */
static void look_at_accounting(Look *l) {
        char path[8192];

        if (l->mount[0] == 0 || !l->o->systemd_version)
                return;
        (void) snprintf(path, sizeof(path), "%s/system.slice/memory.current", l->mount);
        if (!look_exists(l, path))
                look_found(l, "accounting", FINDING_WARNING, "services have no memory files: nothing is counted for them",
                           "DefaultMemoryAccounting=yes in /etc/systemd/system.conf", "off for system.slice");
        (void) snprintf(path, sizeof(path), "%s/init.scope/memory.swap.max", l->mount);
        if (!look_exists(l, path))
                look_found(l, "swap_accounting", FINDING_NOTE, "MemorySwapMax= cannot be set",
                           "boot with swapaccount=1 on the kernel command line", "no memory.swap.max");
}

void look_at_others(Look *l) {
        look_at_systemd(l);
        look_at_managers(l);
        look_at_delegation(l);
        look_at_accounting(l);
}
