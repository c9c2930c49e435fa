#pragma once
/* Lists of records from reeved: read whole and joined, or one by one. */
#include <jansson.h>
#include <reeve/reeve.h>

#include "supervisor/ctl/options.h"

/* Records of some types, each joined with what was learned of it later, oldest first. */
typedef struct Records {
        json_t **items;                 /* references */
        size_t n, capacity;
} Records;

#define RECORDS_INIT { .items = NULL }

/* Drops what @r holds. */
void records_clear(Records *r);

/* Which records, from the options of a subcommand. */
typedef struct RecordsQuery {
        const char *const *types;       /* NULL-terminated; NULL: all */
        const char *cgroup;
        int64_t since_usec, until_usec; /* -1: no bound */
        const char *after;              /* a record's id; NULL: from the first */
        uint64_t limit;                 /* 0: all; else the newest, with @after the first behind it */
        bool follow;
} RecordsQuery;

/* Reads those records and appends them to @ret, not joined. Returns CTL_DONE; or complains and returns an exit code. */
int records_read(Records *ret, reeve *r, const RecordsQuery *q);

/* Joins each of @records with the `more` records that reeved has of it. Returns as records_read(). */
int records_join(Records *records, reeve *r);

/* Orders @records by the time at which things happened, not at which they were written. */
void records_sort(Records *records);

/* Hands each record to @take as it comes, without end where q->follow: also over restarts of reeved of up to a minute. @take returns CTL_DONE to go on. Returns as
 * records_read(), or what @take returned. */
typedef int (*RecordsTake)(const json_t *record, void *userdata);
int records_each(reeve *r, const RecordsQuery *q, RecordsTake take, void *userdata);

/* Whether @word names a record: "last", "last~2", a number, or an id "r7k2m9x4-1042". */
bool records_is_name(const char *word);

/* Finds the record that @word names, joined: `last` counts OOM kills. Returns as records_read(), CTL_NOT_FOUND included. */
int records_find(json_t **ret, reeve *r, const char *word);
