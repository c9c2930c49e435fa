#pragma once
/* Values that are lists: parsers as ConfigKey wants them. What is given adds to what is there; "" empties. */
#include "supervisor/text/configread.h"

/* One or more globs. @detail: comm: is allowed. */
void config_parse_globs(Reader *r, const char *value, void *target, const void *detail);

/* One literal path, into a const char *. */
void config_parse_watch(Reader *r, const char *value, void *target, const void *detail);

/* Unit names, the first ones in place of the defaults; @target is the ConfigReeve. */
void config_parse_managers(Reader *r, const char *value, void *target, const void *detail);

/* team=search */
void config_parse_label(Reader *r, const char *value, void *target, const void *detail);

/* A URI. */
void config_parse_documentation(Reader *r, const char *value, void *target, const void *detail);

/* Words of RuleRank, in place of those before; @target is the RuleSection. */
void config_parse_rank(Reader *r, const char *value, void *target, const void *detail);

/* Words of AlertOn, into its bits. */
void config_parse_on(Reader *r, const char *value, void *target, const void *detail);

/* journal, exec /PATH, datagram /PATH; @target is the AlertSection. */
void config_parse_sink(Reader *r, const char *value, void *target, const void *detail);
