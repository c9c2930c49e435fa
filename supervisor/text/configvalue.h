#pragma once
/* What the value of a key may be: one parser each, as ConfigKey wants them. @value is trimmed, "" empties where that is possible;
 * @detail is what the comment says, else NULL. */
#include "supervisor/text/configread.h"

/* The index of @value in @words, which end in NULL; -1. */
int config_word_index(const char *const *words, const char *value);

/* Complains that @value is none of @words. */
void config_complain_words(Reader *r, const char *const *words, const char *value);

/* One of the words @detail, written as an int; emptying it is not possible, its default is a word as well. */
void config_parse_word(Reader *r, const char *value, void *target, const void *detail);

/* The same into a BudgetSwitch. */
void config_parse_word_switch(Reader *r, const char *value, void *target, const void *detail);

/* yes or no, into a bool. */
void config_parse_bool(Reader *r, const char *value, void *target, const void *detail);

/* The same into a BudgetSwitch. @detail: an int, the value where it is empty. */
void config_parse_bool_switch(Reader *r, const char *value, void *target, const void *detail);

/* A number, into a uint64_t. @detail: a uint64_t, the least it may be, or NULL. */
void config_parse_number(Reader *r, const char *value, void *target, const void *detail);

/* One from 0 to 1000, into a BudgetSwitch. */
void config_parse_number_switch(Reader *r, const char *value, void *target, const void *detail);

/* A time, into a uint64_t of microseconds; and as that, but it cannot be emptied. */
void config_parse_duration(Reader *r, const char *value, void *target, const void *detail);
void config_parse_duration_always(Reader *r, const char *value, void *target, const void *detail);

/* A time that is waited: neither 0 nor without end. */
void config_parse_wait(Reader *r, const char *value, void *target, const void *detail);

/* A size, into a uint64_t of bytes. */
void config_parse_size(Reader *r, const char *value, void *target, const void *detail);

/* A size of a ring, into a uint64_t of bytes. @detail: a ptrdiff_t, how far from it the bool stands that says it was given. */
void config_parse_ring(Reader *r, const char *value, void *target, const void *detail);

/* "5 per 1h", into a Quota; and as that, but it cannot be emptied. */
void config_parse_quota(Reader *r, const char *value, void *target, const void *detail);
void config_parse_quota_always(Reader *r, const char *value, void *target, const void *detail);

/* What config_parse_limit() takes, into a BudgetValue; the reader's key says of which limit. */
void config_parse_limit_value(Reader *r, const char *value, void *target, const void *detail);
