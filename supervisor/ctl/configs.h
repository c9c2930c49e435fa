#pragma once
/* Configurations as check and diff read them, and what they come to on this host. */
#include <stdio.h>

#include "policies/budget.h"
#include "supervisor/ctl/livetree.h"
#include "supervisor/text/config.h"

enum { CONFIGS_VALUE_SIZE = 48 };

/* Reads and parses the file or --config directory at @path (NULL: the installed configuration, "-": standard input). Returns as config_load()
 * does, -errno where @path cannot be read; complaints in @reterr either way. */
int configs_load(const char *path, Config **ret, Complaints *reterr);

/* Prints complaints, one a line, to @out. */
void configs_complaints_print(FILE *out, const Complaints *complaints);

/* What percentages of a value of the cgroup at @index of @t are taken of; SIZE_MAX: it does not exist. */
BudgetFacts configs_facts(const LiveTree *t, size_t index);

/* @value of @key as people write it: "512M", "max", "yes", "-500", "20%". Returns @text. */
const char *configs_value(LimitKey key, const BudgetValue *value, char text[static CONFIGS_VALUE_SIZE]);

/* @number of @key, a resolved value: "512M", "max", "1", "?" where not known. Returns @text. */
const char *configs_number(LimitKey key, int64_t number, char text[static CONFIGS_VALUE_SIZE]);
