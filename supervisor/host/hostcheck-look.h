#pragma once
/* What the parts of hostcheck share: reading below the root that tests replace. */
#include <stdint.h>

#include "supervisor/host/hostcheck.h"

typedef struct Look {
        const HostcheckOptions *o;
        const char *mount;        /* of cgroup2, empty where there is none with a memory controller */
        Findings *findings;
        int error;                /* -ENOMEM once a finding could not be kept */
} Look;

/* Reads the first line(s) of the file @path below the root, without the last newline. Returns 0 or -errno. */
int look_read(const Look *l, const char *path, char *ret, size_t size);

/* The number in @path, or @missing where there is none to be read. */
int64_t look_number(const Look *l, const char *path, int64_t missing);

/* Is there such a file? */
bool look_exists(const Look *l, const char *path);

/* Does the file @path list @word? */
bool look_lists(const Look *l, const char *path, const char *word);

/* Keeps a finding. @value is a printf() format. */
void look_found(Look *l, const char *name, FindingState state, const char *meaning, const char *change, const char *value, ...)
        __attribute__((format(printf, 6, 7)));

/* How kills can be caught here: kernel, PSI, BTF, tracefs, kprobes, lockdown, kernel log. */
void look_at_capture(Look *l);

/* What the kernel does when memory runs out: panic, overcommit, swap, watermarks. */
void look_at_memory(Look *l);

/* Who else acts: systemd, other managers of memory, delegation. */
void look_at_others(Look *l);
