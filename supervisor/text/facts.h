#pragma once
/* Facts: what the ledger's columns and the server's filters need of a record, taken from its JSON text. Pure; allocates
 * through jansson. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

typedef struct RecordPlace {
        const char *path;               /* as the record spells it (escaped), or NULL: not known */
        uint64_t id;                    /* 0: not known */
} RecordPlace;

enum { FACTS_PLACES_MAX = 64, FACTS_UIDS_MAX = 64 };

/* Bounded: of a group kill with more victims than that, the first ones count. Strings live as long as the Facts. */
typedef struct Facts {
        json_t *root;
        const char *boot_id, *key;      /* or NULL */
        RecordPlace places[FACTS_PLACES_MAX];   /* the victim's cgroup first, then limit's, kill's, other victims' */
        size_t n_places;
        uint32_t uids[FACTS_UIDS_MAX];  /* of victims, each once */
        size_t n_uids;
} Facts;

/* Takes the facts of the record @json. Returns 0 (facts_clear() it), or -EBADMSG: no JSON object. */
int facts_parse(Facts *ret, const char *json, size_t length);

/* Frees what @f holds; a zero one is fine. */
void facts_clear(Facts *f);

/* Whether the record concerns @path or a cgroup below it ("/" is above all). */
bool facts_concern(const Facts *f, const char *path);

/* Whether a victim has @uid. */
bool facts_have_uid(const Facts *f, uint32_t uid);

/* The rings tell a start to the nanosecond, /proc in ticks: two starts of one pid in the same tick are one process. */
#define FACTS_TICK_USEC UINT64_C(10000)

/* Whether the process is among the victims; a victim whose start is not known matches by its pid, as any does where
 * @start_usec is 0. */
bool facts_have_victim(const Facts *f, int64_t pid, uint64_t start_usec);
