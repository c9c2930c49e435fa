#pragma once
/* Globs over cgroup paths: `*` stands for anything within one level, `**` for anything across levels. All other bytes
 * stand for themselves, but for the escape form \xNN of records and terminals. */
#include <stdbool.h>
#include <stddef.h>

/* Whether @glob matches the whole of @path. In @glob, \xNN of a byte that records escape (below 0x20, 0x7f, backslash,
 * 0x80 and above) is that byte; any other backslash stands for itself, so that systemd's own "\x2d" in the name of a
 * unit can be written as systemctl prints it. Linear in practice, never worse than lengths multiplied. */
bool match_glob(const char *glob, const char *path);

/* Whether @glob matches @path or one of its ancestors: what a Never= protects. */
bool match_glob_or_ancestor(const char *glob, const char *path);

/* Whether @glob has no wildcard, so that it names exactly one path. */
bool match_is_literal(const char *glob);

/* Copies the path that a literal @glob names to @buf (the escapes resolved). Returns its length, or -1 where it does not
 * fit into @size bytes with its NUL. */
int match_literal_path(const char *glob, char *buf, size_t size);
