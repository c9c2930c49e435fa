#pragma once
/* Paths of cgroups below the cgroup root: "/" and "/a/b". */
#include <stdbool.h>

/* Whether @path is @above or lies below it: "/a/b" is below "/a", "/ab" is not. Slashes at the end of @above do not count, so
 * that all is below "/". */
bool path_is_below(const char *path, const char *above);
