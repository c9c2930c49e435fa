#pragma once
/* What the files of the configuration parser share. Private to it. */
#include <stddef.h>

#include "supervisor/text/config.h"

/* Memory that lives as long as the Config. */
typedef struct Pool {
        struct PoolBlock *blocks;
} Pool;

/* Zeroed memory, or NULL. */
void *pool_alloc(Pool *p, size_t size);

/* A copy of @length bytes of @s with a NUL, or NULL. */
char *pool_copy(Pool *p, const char *s, size_t length);

/* Room for one more in an array of @n items of @size at @array: the array itself or a bigger copy; NULL: no memory. */
void *pool_grow(Pool *p, void *array, size_t n, size_t size);

/* Frees everything. */
void pool_done(Pool *p);

/* Where the parser stands. */
typedef struct Reader {
        Pool *pool;
        Complaints *complaints;
        const char *file;                /* in the pool */
        unsigned line;
        unsigned order;
        const char *section, *key;       /* as complaints name them; @section is in the pool, "rule r" */
        ConfigList faults;               /* "rule r When": the keys that were given, and wrong */
        bool no_memory;
} Reader;

/* "file:line: KEY: ..." */
void reader_complain(Reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Where the reader stands, as an Origin. */
Origin reader_origin(const Reader *r);

/* A key of a section: @parse writes @value (trimmed, "" to empty it) to @target, or complains. */
typedef struct ConfigKey {
        const char *name;
        void (*parse)(Reader *r, const char *value, void *target, const void *detail);
        size_t offset;                   /* of @target in the section's struct */
        const void *detail;              /* words, or bounds, or NULL */
} ConfigKey;

/* The tables of keys, each ending in a NULL name. */
extern const ConfigKey config_keys_reeve[], config_keys_budget[], config_keys_rule[], config_keys_alert[];

/* Values of conditions and steps. */
void config_parse_when(Reader *r, const char *value, void *target, const void *detail);
void config_parse_then(Reader *r, const char *value, void *target, const void *detail);

/* Parses "5 per 1h". Returns 0 or -EINVAL. */
int config_quota(const char *text, Quota *ret);

/* Adds @text as an item. */
void config_list_add(Reader *r, ConfigList *list, const char *text);

/* What can only be told when all files are read: what is missing (and no fault, as in Reader), what contradicts itself, what is
 * not acted on. */
void config_check(const Config *c, const ConfigList *faults, Complaints *complaints);
