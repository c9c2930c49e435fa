#pragma once
/* Comms: what Prefer= and Avoid= say by the names of processes, "comm:GLOB". Of a process itself (Victim=process), or of a cgroup in
 * which one of that name lives. Pure. */
#include <stdint.h>

#include "policies/rule.h"

/* So many different ones a configuration may ask of cgroups; the last bit of a set is COMMS_KNOWN. */
enum { COMMS_MAX = 31 };

/* In a set of those that were found (bit i: the i-th of comms_collect()): somebody looked. */
#define COMMS_KNOWN (UINT32_C(1) << COMMS_MAX)

/* Whether @item is of this kind, and whether it then names a process called @comm. */
bool comms_is(const char *item);
bool comms_names(const char *item, const char *comm);

/* What @rule says of a process called @comm: 1 Prefer=, -1 Avoid=, 0 nothing. Prefer= wins. */
int comms_preference(const RuleSection *rule, const char *comm);

/* Whether @rule asks for names in cgroups. */
bool comms_wanted(const RuleSection *rule);

/* The different ones that enabled rules ask of cgroups, in reading order, as texts of the rules'. Returns how many there are; those
 * past COMMS_MAX are not in @ret, and the first of them is in *@ret_over (NULL: none, or it is not asked for). */
size_t comms_collect(const RuleSection *rules, size_t n, const char *ret[static COMMS_MAX], const ConfigItem **ret_over);

/* Which of the @n @items name a process called @comm. */
uint32_t comms_find(const char *const *items, size_t n, const char *comm);

/* What @rule says of a cgroup in which @found of the @n @items were found: as comms_preference(). */
int comms_preference_of(const RuleSection *rule, const char *const *items, size_t n, uint32_t found);
