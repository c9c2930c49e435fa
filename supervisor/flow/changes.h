#pragma once
/* Changes: Set and Reload. */
#include "supervisor/flow/asked.h"

/* ServerOps.set. */
void changes_set(ServerCall *call, const char *cgroup, const char *values_json, bool dry_run, bool risk, void *userdata);

/* The slow hand did one thing of the question @cookie (@record_json), or (@done) all of it. */
void changes_done(Supervisor *s, uint64_t cookie, const char *record_json, bool done);

/* ServerOps.reload. */
void changes_reload(ServerCall *call, void *userdata);
