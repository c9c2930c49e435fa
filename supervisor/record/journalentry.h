#pragma once
/* A record as the fields of a journal entry. Pure but for malloc. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "supervisor/record/meta.h"

enum { JOURNAL_FIELDS_MAX = 24 };

typedef struct JournalEntry {
        struct iovec fields[JOURNAL_FIELDS_MAX];        /* "NAME=value", malloc'ed */
        int n;
        int priority;                                   /* syslog's */
        char *message;                                  /* the record's text, or its type where it has none; malloc'ed */
} JournalEntry;

/* Makes the entry of the record @json. A kill is a warning, of a main process an error. Where no memory is left fields are
 * left out. Returns 0 (journal_entry_clear() it), -EBADMSG: no JSON
 * object, or -ENOMEM. */
int journal_entry_make(JournalEntry *ret, const RecordMeta *meta, const char *json, size_t length);

/* Frees it. */
void journal_entry_clear(JournalEntry *e);
