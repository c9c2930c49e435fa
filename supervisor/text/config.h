#pragma once
/* The configuration: systemd's dialect, parsed into typed structs with the place of every value, all complaints at once. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/budget.h"
#include "policies/rule.h"

/* Something wrong in a file. Warnings leave the configuration usable. */
typedef struct Complaint {
        bool warning;
        const char *file;                /* NULL: the configuration as a whole */
        unsigned line;                   /* 0: the file as a whole */
        const char *message;
} Complaint;

/* All that was found wrong, in reading order. Start from COMPLAINTS_INIT; complaints_done() frees what it holds. */
typedef struct Complaints {
        Complaint *items;
        size_t count, room;
        size_t errors;                   /* how many of them are no warnings */
} Complaints;
#define COMPLAINTS_INIT { 0 }

/* Adds one; @file may be NULL and @line 0. Out of memory only @errors grows. */
void complaints_add(Complaints *c, bool warning, const char *file, unsigned line, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/* Orders what was added since index @from by line, so that all complaints of one file read from top to bottom. */
void complaints_sort(Complaints *c, size_t from);

/* "file:line: message", for people, into @buf (cut where it does not fit). Returns @buf. */
const char *complaint_format(const Complaint *c, char *buf, size_t size);

/* Frees what @c holds; it may be used again. */
void complaints_done(Complaints *c);

typedef enum ConfigSource { CONFIG_SOURCE_AUTO, CONFIG_SOURCE_KPROBE, CONFIG_SOURCE_LOG } ConfigSource;
typedef enum ConfigTaskstats { CONFIG_TASKSTATS_AUTO, CONFIG_TASKSTATS_NO, CONFIG_TASKSTATS_YES } ConfigTaskstats;

/* [reeve], defaults filled in. */
typedef struct ConfigReeve {
        ReeveMode mode;
        const char *watch;               /* a path below the cgroup root, "/" by default */
        ConfigSource source;
        ConfigList managers;             /* unit names */
        bool managers_given;             /* the defaults are no longer among them */
        uint64_t max_retention_usec;
        uint64_t max_use_bytes;
        uint64_t keep_records, keep_sigkills;
        Quota storm_after;
        uint64_t max_groups;
        Quota kill_limit;
        ConfigList never;                /* globs */
        bool record_command_line;
        ConfigTaskstats taskstats;
        uint64_t kills_ring_bytes, churn_ring_bytes;
        bool kills_ring_given, churn_ring_given;
} ConfigReeve;

/* What an alert is about. */
typedef enum AlertOn {
        ALERT_ON_KILL = 1 << 0,
        ALERT_ON_KILL_BUDGET = 1 << 1,
        ALERT_ON_TIME_TO_LIMIT = 1 << 2,
        ALERT_ON_LIVELOCK = 1 << 3,
        ALERT_ON_DRIFT = 1 << 4,
        ALERT_ON_BLIND = 1 << 5,
        ALERT_ON_KILL_LIMIT = 1 << 6,
} AlertOn;

/* Where an alert goes. */
typedef enum AlertSinkKind { ALERT_SINK_JOURNAL, ALERT_SINK_EXEC, ALERT_SINK_DATAGRAM } AlertSinkKind;

typedef struct AlertSink {
        AlertSinkKind kind;
        const char *path;                /* exec, datagram */
        Origin at;
} AlertSink;

/* An [alert NAME] with all that the files add to it. */
typedef struct AlertSection {
        const char *name;
        Origin at;
        unsigned on;                     /* AlertOn bits */
        ConfigList match;
        AlertSink *sinks;
        size_t n_sinks;
        BudgetSwitch enabled;
} AlertSection;

/* All of it. Immutable once made, shared between threads by count. */
typedef struct Config {
        ConfigReeve reeve;
        BudgetSection *budgets;
        size_t n_budgets;
        RuleSection *rules;
        size_t n_rules;
        AlertSection *alerts;
        size_t n_alerts;
        const char **files;              /* names of the files read, in reading order */
        size_t n_files;
        const char *text;                /* what was read, file after file, each under "# NAME"; "" of the defaults. Cut at 256 KiB: */
        bool text_cut;
        char hash[17];                   /* 16 hex digits over what it says, comments and blanks left out */
} Config;

/* One file as read: @text need not end in NUL. Both are the caller's; config_parse() copies what it keeps. */
typedef struct ConfigFile {
        const char *name;                /* as complaints show it */
        const char *text;
        size_t length;
} ConfigFile;

/* Parses @n files in reading order. Returns 0 with a new Config in *@ret (config_unref() it) and perhaps warnings in
 * @reterr, -EINVAL with errors in @reterr and *@ret untouched, or -ENOMEM. With no files it is the defaults. */
int config_parse(const ConfigFile *files, size_t n, Config **ret, Complaints *reterr);

/* One more user of @c. Returns @c. Any thread. */
Config *config_ref(Config *c);

/* One user less; the last one frees it (NULL is fine). Returns NULL. Any thread. */
Config *config_unref(Config *c);

/* The value of [budget] key @key (LIMIT_...) as `set` and Set spell it: "400M", "50%", "max", "yes", "-500". Returns 0 with
 * @ret->at left alone, or -EINVAL with why in @reterr_why. */
int config_parse_limit(LimitKey key, const char *text, BudgetValue *ret, char *reterr_why, size_t why_size);
