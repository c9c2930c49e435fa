#pragma once
/* /proc/PID/mountinfo, line by line. Pure and bounded; octal escapes (\040) in paths are resolved. */
#include <stdbool.h>
#include <stddef.h>

typedef struct MountLine {
        char root[4096];                /* which directory of the filesystem is mounted */
        char where[4096];
        char type[64];
        bool read_only;                 /* of the mount or of the filesystem */
        char options[1024];             /* of the filesystem, e.g. "rw,nsdelegate,memory_recursiveprot" */
} MountLine;

/* Parses one line of @length bytes (no newline). Returns 0, or -EINVAL for what is no such line or too long. */
int mountinfo_parse(MountLine *ret, const char *line, size_t length);

/* Whether the comma-separated list @options holds @word. */
bool mount_option(const char *options, const char *word);
