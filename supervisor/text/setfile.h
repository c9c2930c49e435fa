#pragma once
/* The file of `reevectl set --save`: policies.d/50-set.conf, a budget section for each cgroup that was set. */
#include <jansson.h>

/* The text of the file @old (NULL: there is none) with @values ({"MemoryMax": "512M"}) for the cgroup @path (escaped) in
 * it: in its section, where it has one, else in a new one at the end. To be freed; NULL: no memory. */
char *setfile_text(const char *old, const char *path, const json_t *values);
