#pragma once
/* What the parts of hostcheck share: reading below the root that tests replace. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/host/findings.h"
#include "supervisor/host/hostcheck-options.h"

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

/* Opens @path below @root to read. Returns it or -errno. */
int look_open(const char *root, const char *path);
