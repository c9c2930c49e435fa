#pragma once
/* The slow hand's world: what it needs to bring cgroups to their budgets, opened once. All of it blocks: it runs on the slow
 * hand, or in --uninstall. */
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/act/drift.h"
#include "supervisor/act/limitstate.h"
#include "supervisor/host/cgroupfs.h"
#include "supervisor/host/systemd.h"
#include "supervisor/text/config.h"

/* Fields are its own; others use the functions. */
typedef struct Applier {
        Cgroupfs fs;
        Systemd *systemd;                /* NULL: none */
        bool user;
        Drift *drift;                    /* NULL: nobody looks */
        LimitState state;
        Config *config;                  /* NULL: none yet */
        ReeveMode mode;
        int64_t ram_bytes, page_size;
        uint64_t own_id;                 /* the cgroup we are in */
        bool reload_wanted;              /* drop-ins were removed that nobody waits for */
        bool dirty;                      /* limits.json says more than there is to undo */
        void (*emit)(const LimitResult *result, void *userdata);
        void *userdata;
} Applier;

/* Opens what is needed and reads limits.json; thaws what an earlier life left frozen. Returns 0 or -errno. */
int applier_init(Applier *a, const char *cgroup_root, const char *state_directory, bool user, bool no_systemd);

/* Closes; limits stay. */
void applier_done(Applier *a);

/* daemon-reload where removed drop-ins ask for it. */
void applier_reload(Applier *a);

/* Writes limits.json where it lags behind. What is to be undone is there before it is done; what was undone may wait. */
void applier_settle(Applier *a);
