#pragma once
/* How well it was watched: what an empty list is worth. */
#include <jansson.h>
#include <reeve/reeve.h>

#include "supervisor/ctl/options.h"

/* Prints "No OOM kills since Tue 09:14, watched without a gap." for @what, or how it was not. Returns an exit code. */
int watched_print_empty(reeve *r, const Options *o, const char *what);

/* As watched_print_empty(), with a @status at hand. */
int watched_print_empty_status(reeve *r, const Options *o, const char *what, const json_t *status);

/* Whether @status says that reeved watches and has lost nothing. */
bool watched_well(const json_t *status);
