#pragma once
/* What the event thread hands to the slow hand. */
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/act/applylever.h"
#include "supervisor/text/config.h"

/* What is to be done. */
typedef enum RequestType { REQUEST_CONFIGURE, REQUEST_BORN, REQUEST_DIED, REQUEST_SET, REQUEST_LEVER, REQUEST_PROBE, REQUEST_LIFT } RequestType;

/* One piece of work with all that it needs: its texts and its reference of the configuration are its own. */
typedef struct Request {
        RequestType type;
        uint64_t cookie, id;
        char *path, *comm, *unit;
        Config *config;
        ReeveMode mode;
        BudgetValue values[LIMIT_KEYS];
        bool dry_run, risk;
        LimitRequester requester;
        ApplyLever lever;                /* LEVER, PROBE; its texts are @path and @unit */
        LimitKey key;                    /* LIFT */
} Request;

/* A request with a copy of @path, which may be NULL. NULL: no memory. */
Request *request_new(RequestType type, uint64_t cookie, uint64_t id, const char *path);

/* Frees @r (NULL is fine). Returns NULL. */
Request *request_free(Request *r);
