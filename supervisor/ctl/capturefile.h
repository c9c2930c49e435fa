#pragma once
/* Captures as files, and as reeved has them. */
#include <reeve/reeve.h>
#include <stddef.h>

#include "supervisor/ctl/options.h"
#include "supervisor/observe/replaying.h"

/* A capture in memory. */
typedef struct CaptureText {
        char *text;
        size_t length, size;
} CaptureText;

#define CAPTURE_TEXT_INIT { .text = NULL }

/* Reads the file at @path ("-": standard input), @name the subcommand. Returns CTL_DONE; or complains and returns an exit code. */
int capturefile_read(CaptureText *ret, const char *name, const char *path);

/* Has reeved tell the last minutes of what was near a rule; may be empty. Returns 0 or -errno, as libreeve does; says nothing. */
int capturefile_recent(CaptureText *ret, reeve *r);

/* Complains why replay_run() of @path failed with @error, and returns an exit code. */
int capturefile_fail(const char *name, const char *path, int error, const CaptureError *why);

/* Frees it. */
void capturefile_clear(CaptureText *t);
