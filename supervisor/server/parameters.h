#pragma once
/* What the parameters of a call may be. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A text parameter: *@ret is NULL where it is absent or null. false: it is there with another type. */
bool parameter_text(json_t *parameters, const char *name, const char **ret);

/* A number that is not negative, 0 where it is absent or null. false: it is something else. */
bool parameter_number(json_t *parameters, const char *name, uint64_t *ret);

/* A boolean, false where it is absent or null. */
bool parameter_bool(json_t *parameters, const char *name, bool *ret);
