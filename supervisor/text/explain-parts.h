#pragma once
/* What the sections of explain share: a record looked up, and what its cgroups are called. Only explain*.c include this. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/base/strbuf.h"
#include "supervisor/text/human.h"

enum { EXPLAIN_NAME_SIZE = 512 };

/* What most parts ask of a record, looked up once. Texts and objects belong to the record. */
typedef struct ExplainCase {
        Strbuf *out;
        const json_t *record;
        const char *scope, *killer, *selection;         /* "" where not known */
        const json_t *victim;                           /* the chosen one, or NULL */
        const json_t *identity;                         /* NULL where there is none, or it is only claimed */
        char name[EXPLAIN_NAME_SIZE];                   /* what the owner calls the victim's cgroup: unit, pod, container, path */
        char process[EXPLAIN_NAME_SIZE];                /* "java (pid 4711)", or "a process" */
        char limit_name[EXPLAIN_NAME_SIZE];             /* path of the limit's cgroup, or "a cgroup" with its id */
        int64_t limit_bytes;                            /* -1 not known */
        bool limit_shared;                              /* the limit is an ancestor's */
} ExplainCase;

/* The number @key of @object; -1 where it is null, absent or no number. */
int64_t explain_number(const json_t *object, const char *key);

/* The text @key of @object; NULL where it is null, absent, empty or no text. */
const char *explain_string(const json_t *object, const char *key);

/* Writes the path of @cgroup {path, id}, or what stands for it, into @name and returns it. */
const char *explain_cgroup_name(const json_t *cgroup, char name[static EXPLAIN_NAME_SIZE]);

/* Writes what an owner calls what runs in @cgroup: by @identity (NULL: none), else the path. */
const char *explain_identity_name(const json_t *identity, const json_t *cgroup, char name[static EXPLAIN_NAME_SIZE]);
