#pragma once
/* The parts of explain, one file each; only explain*.c include this. */
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

/* Writes @opening and what the memory object @memory is made of ("480M anonymous, 10M file cache ..."). Returns false where nothing of
 * that is known (nothing was written). */
bool explain_mix(Strbuf *out, const json_t *memory, const char *opening);

/* Whether @c's domain consists of at least a quarter of @key ("shmem_bytes"). */
bool explain_mix_has(const ExplainCase *c, const char *key);

/* The contributor that held most, or NULL. */
const json_t *explain_filler(const ExplainCase *c);

/* Whose limit, how full, and how far the ancestors were from theirs. */
void explain_limit(const ExplainCase *c);

/* Rows of `ancestors`, of a record or of facts; nothing where there are none. @limit_current: what @limit_cgroup's counter said
 * at the kill, which its row shows in place of the later reading; -1: there was no kill. */
void explain_ancestors(Strbuf *out, const json_t *ancestors, const json_t *limit_cgroup, int64_t limit_current);

/* Who filled it and with what. */
void explain_filling(const ExplainCase *c);

/* Who died and why the kernel took them. */
void explain_victims(const ExplainCase *c);

/* What came before, what came after, and how sure this is. */
void explain_history(const ExplainCase *c);

/* What one can do. */
void explain_advice(const ExplainCase *c);

/* A SIGKILL that was no OOM kill, whole. */
void explain_sigkill(const ExplainCase *c);
