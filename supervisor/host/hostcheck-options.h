#pragma once
/* What the caller of hostcheck brings; the rest is read below @root. */
#include <sys/types.h>

/* What the caller brings; the rest is read below @root. */
typedef struct HostcheckOptions {
        const char *root;                  /* "" for the real host, else a directory with proc/ and sys/ */
        const char *cgroup_root;           /* NULL: find the cgroup2 mount */
        uid_t uid;                         /* for whom delegation and access are judged */
        const char *systemd_version;       /* NULL: systemd was not reached */
        const char *default_oom_policy;    /* NULL: not known */
} HostcheckOptions;
