#pragma once
/* What `set --save` keeps: /etc/reeve/policies.d/50-set.conf, a section for each cgroup. */
#include <jansson.h>
#include <stddef.h>

/* Puts @values of @path into the file below @directory (NULL: /etc/reeve). Returns 0, or -errno with the reason in
 * @reterr_why. */
int saved_update(const char *directory, const char *path, const json_t *values, char *reterr_why, size_t why_size);
