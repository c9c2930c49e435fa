#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/match.h"
#include "supervisor/text/configread.h"
#include "supervisor/text/size.h"

/* A list of words ends in NULL; the value is the index. */
static int word_index(const char *const *words, const char *value) {
        for (int i = 0; words[i]; i++)
                if (strcmp(words[i], value) == 0)
                        return i;
        return -1;
}

static void complain_words(Reader *r, const char *const *words, const char *value) {
        char all[256] = "";
        size_t n = 0;

        for (size_t i = 0; words[i] && n < sizeof(all); i++)
                n += (size_t) snprintf(all + n, sizeof(all) - n, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
        reader_complain(r, "'%s' is none of %s", value, all);
}

static int boolean(const char *value) {
        static const char *const no[] = { "no", "false", "off", "0", NULL }, *const yes[] = { "yes", "true", "on", "1", NULL };

        return word_index(yes, value) >= 0 ? 1 : word_index(no, value) >= 0 ? 0 : -EINVAL;
}

/* An enum whose words are @detail; emptying it is not possible, its default is a word as well. */
static void parse_word(Reader *r, const char *value, void *target, const void *detail) {
        int i = word_index(detail, value);

        if (i < 0)
                complain_words(r, detail, value);
        else
                *(int *) target = i;
}

static void parse_word_switch(Reader *r, const char *value, void *target, const void *detail) {
        BudgetSwitch *s = target;
        int i = word_index(detail, value);

        if (!*value)
                *s = (BudgetSwitch) { 0 };
        else if (i < 0)
                complain_words(r, detail, value);
        else
                *s = (BudgetSwitch) { .at = reader_origin(r), .value = i };
}

static void parse_bool(Reader *r, const char *value, void *target, const void *detail) {
        int b = boolean(value);

        (void) detail;
        if (b < 0)
                reader_complain(r, "'%s' is neither yes nor no", value);
        else
                *(bool *) target = b;
}

/* @detail: an int, the value where it is empty. */
static void parse_bool_switch(Reader *r, const char *value, void *target, const void *detail) {
        BudgetSwitch *s = target;
        int b = boolean(value);

        if (!*value)
                *s = (BudgetSwitch) { .value = detail ? *(const int *) detail : 0 };
        else if (b < 0)
                reader_complain(r, "'%s' is neither yes nor no", value);
        else
                *s = (BudgetSwitch) { .at = reader_origin(r), .value = b };
}

static int number(const char *value, uint64_t *ret) {
        char *end = NULL;

        if (*value < '0' || *value > '9')
                return -EINVAL;
        errno = 0;
        *ret = strtoull(value, &end, 10);
        return *end ? -EINVAL : errno ? -ERANGE : 0;
}

static void parse_number(Reader *r, const char *value, void *target, const void *detail) {
        (void) detail;
        if (number(value, target) < 0)
                reader_complain(r, "'%s' is no number", value);
}

static void parse_number_switch(Reader *r, const char *value, void *target, const void *detail) {
        BudgetSwitch *s = target;
        uint64_t n;

        (void) detail;
        if (!*value)
                *s = (BudgetSwitch) { 0 };
        else if (number(value, &n) < 0 || n > 1000)
                reader_complain(r, "'%s' is no number from 0 to 1000", value);
        else
                *s = (BudgetSwitch) { .at = reader_origin(r), .value = (int) n };
}

static void parse_duration(Reader *r, const char *value, void *target, const void *detail) {
        (void) detail;
        if (!*value)
                *(uint64_t *) target = 0;
        else if (duration_parse(value, target) < 0)
                reader_complain(r, "'%s' is no time (as 10s, 5min, 1h 30min, 90d)", value);
}

static void parse_size(Reader *r, const char *value, void *target, const void *detail) {
        (void) detail;
        if (size_parse(value, target) < 0)
                reader_complain(r, "'%s' is no size (as 128K, 512M, 1G)", value);
}

static void parse_ring(Reader *r, const char *value, void *target, const void *detail) {
        uint64_t bytes;

        if (size_parse(value, &bytes) < 0 || bytes < 16 * 1024 || bytes > UINT64_C(1) << 30) {
                reader_complain(r, "'%s' is no size from 16K to 1G", value);
                return;
        }
        *(uint64_t *) target = bytes;
        /* The flag stands at a fixed distance, given by @detail. */
        *((bool *) target + *(const ptrdiff_t *) detail) = true;
}

int config_quota(const char *text, Quota *ret) {
        char count[32];
        const char *per = strstr(text, " per ");
        uint64_t n, usec;
        size_t length = per ? (size_t) (per - text) : 0;

        while (length > 0 && text[length - 1] == ' ')
                length--;
        if (length == 0 || length >= sizeof(count))
                return -EINVAL;
        memcpy(count, text, length);
        count[length] = '\0';
        if (number(count, &n) < 0 || duration_parse(per + 5, &usec) < 0 || usec == 0 || usec == DURATION_INFINITY)
                return -EINVAL;
        ret->count = n;
        ret->per_usec = usec;
        return 0;
}

static void parse_quota(Reader *r, const char *value, void *target, const void *detail) {
        Quota *q = target;

        (void) detail;
        if (!*value)
                *q = (Quota) { 0 };
        else if (config_quota(value, q) < 0)
                reader_complain(r, "'%s' is no count within a time (as 5 per 1h)", value);
        else
                q->at = reader_origin(r);
}

/* As parse_quota(), but it cannot be emptied. */
static void parse_quota_always(Reader *r, const char *value, void *target, const void *detail) {
        if (!*value)
                reader_complain(r, "wants a count within a time (as 5 per 1h)");
        else
                parse_quota(r, value, target, detail);
}

bool config_check_glob(Reader *r, const char *glob) {
        size_t n = strlen(glob);

        if (*glob != '/' && strncmp(glob, "**", 2) != 0)
                reader_complain(r, "'%s' does not begin with / (paths are below the cgroup root, as /system.slice/web.service)", glob);
        else if (n > 1 && glob[n - 1] == '/')
                reader_complain(r, "'%s' ends with / and so can match nothing", glob);
        else if (strstr(glob, "//") || strstr(glob, "/./") || strstr(glob, "/../") || (n >= 3 && strcmp(glob + n - 3, "/..") == 0))
                reader_complain(r, "'%s' is no path of a cgroup", glob);
        else if (n >= 4096)
                reader_complain(r, "longer than a path can be");
        else
                return true;
        return false;
}

static void take_glob(Reader *r, const char *glob, ConfigList *list, bool comm) {
        bool is_comm = strncmp(glob, "comm:", 5) == 0;

        if (is_comm && !comm)
                reader_complain(r, "'%s': comm: stands in Prefer= and Avoid= only, since a name is no identity", glob);
        else if (is_comm && !glob[5])
                reader_complain(r, "'comm:' wants a name after it");
        else if (is_comm || config_check_glob(r, glob))
                config_list_add(r, list, glob);
}

/* The end of the first glob in @s: a blank before what begins another one. Other blanks belong to the name. */
static char *glob_end(char *s) {
        for (; *s; s++)
                if (*s == ' ' || *s == '\t') {
                        const char *next = s + strspn(s, " \t");

                        if (*next == '/' || strncmp(next, "**", 2) == 0 || strncmp(next, "comm:", 5) == 0)
                                return s;
                }
        return s;
}

/* One or more globs. @detail: comm: is allowed. */
static void parse_globs(Reader *r, const char *value, void *target, const void *detail) {
        ConfigList *list = target;
        char *copy = pool_copy(r->pool, value, strlen(value));

        if (!*value)
                *list = (ConfigList) { 0 };
        if (!copy) {
                r->no_memory = true;
                return;
        }
        while (*copy) {
                char *end = glob_end(copy);
                bool last = !*end;

                *end = '\0';
                take_glob(r, copy, list, detail != NULL);
                if (last)
                        return;
                copy = end + 1 + strspn(end + 1, " \t");
        }
}

static void parse_watch(Reader *r, const char *value, void *target, const void *detail) {
        char *copy;

        (void) detail;
        if (!config_check_glob(r, value))
                return;
        if (!match_is_literal(value)) {
                reader_complain(r, "'%s': one path, without wildcards", value);
                return;
        }
        copy = pool_copy(r->pool, value, strlen(value));
        if (copy)
                *(const char **) target = copy;
        else
                r->no_memory = true;
}

/* Calls @take with each word of @value, which is cut up in a copy. */
static void each_word(Reader *r, const char *value, void (*take)(Reader *r, const char *word, void *target), void *target) {
        char *copy = pool_copy(r->pool, value, strlen(value)), *rest = NULL;

        if (!copy) {
                r->no_memory = true;
                return;
        }
        for (char *word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
                take(r, word, target);
}

static void take_manager(Reader *r, const char *word, void *target) {
        if (!strchr(word, '.') || strchr(word, '/'))
                reader_complain(r, "'%s' is no unit with its suffix (as systemd-oomd.service)", word);
        else
                config_list_add(r, target, word);
}

static void parse_managers(Reader *r, const char *value, void *target, const void *detail) {
        (void) detail;
        *(ConfigList *) target = (ConfigList) { 0 };
        each_word(r, value, take_manager, target);
}

int config_parse_limit(LimitKey key, const char *text, BudgetValue *ret, char *reterr_why, size_t why_size) {
        BudgetValue v = { .at = ret->at };
        uint64_t bytes;
        int b;

        if (key == LIMIT_OOM_GROUP) {
                b = boolean(text);
                if (b < 0) {
                        (void) snprintf(reterr_why, why_size, "'%s' is neither yes nor no", text);
                        return -EINVAL;
                }
                v.value = b;
        } else if (key == LIMIT_OOM_SCORE_ADJUST) {
                char *end = NULL;
                long n = strtol(text, &end, 10);

                if (end == text || *end || n < -1000 || n > 1000) {
                        (void) snprintf(reterr_why, why_size, "'%s' is no number from -1000 to 1000", text);
                        return -EINVAL;
                }
                v.value = n;
        } else if (strcmp(text, "max") == 0 || strcmp(text, "infinity") == 0)
                v.value = LIMIT_MAX;
        else if (percent_parse(text, &v.permyriad) == 0)
                v.percent = true;
        else if (size_parse(text, &bytes) == 0)
                v.value = (int64_t) bytes;
        else {
                (void) snprintf(reterr_why, why_size, "'%s' is no size (512M), share (50%%) or max", text);
                return -EINVAL;
        }
        *ret = v;
        return 0;
}

static void parse_limit(Reader *r, const char *value, void *target, const void *detail) {
        BudgetValue v = { .at = reader_origin(r) };
        char why[256];

        (void) detail;
        if (!*value)
                *(BudgetValue *) target = (BudgetValue) { 0 };
        else if (config_parse_limit((LimitKey) limit_key_from_string(r->key), value, &v, why, sizeof(why)) < 0)
                reader_complain(r, "%s", why);
        else
                *(BudgetValue *) target = v;
}

static void parse_label(Reader *r, const char *value, void *target, const void *detail) {
        size_t n = strcspn(value, "=");

        (void) detail;
        if (!*value)
                *(ConfigList *) target = (ConfigList) { 0 };
        else if (value[n] != '=' || n == 0 || (*value >= '0' && *value <= '9') ||
                 strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != n)
                reader_complain(r, "'%s' is no label (as team=search)", value);
        else
                config_list_add(r, target, value);
}

static void parse_documentation(Reader *r, const char *value, void *target, const void *detail) {
        static const char *const schemes[] = { "http://", "https://", "file:/", "info:", "man:", NULL };

        (void) detail;
        if (!*value) {
                *(ConfigList *) target = (ConfigList) { 0 };
                return;
        }
        for (size_t i = 0; schemes[i]; i++)
                if (strncmp(value, schemes[i], strlen(schemes[i])) == 0 && value[strlen(schemes[i])]) {
                        config_list_add(r, target, value);
                        return;
                }
        reader_complain(r, "'%s' is none of http://, https://, file:/, info: and man:", value);
}

static void take_rank(Reader *r, const char *word, void *target) {
        RuleSection *rule = target;

        for (int i = 0; i < RANKS; i++) {
                if (strcmp(rule_rank_to_string(i), word) != 0)
                        continue;
                for (size_t k = 0; k < rule->n_rank; k++)
                        if (rule->rank[k] == (RuleRank) i) {
                                reader_complain(r, "'%s' twice", word);
                                return;
                        }
                rule->rank[rule->n_rank++] = (RuleRank) i;
                return;
        }
        reader_complain(r, "'%s' is none of size, growth, pressure, swap, refault and oom_score", word);
}

static void parse_rank(Reader *r, const char *value, void *target, const void *detail) {
        (void) detail;
        ((RuleSection *) target)->n_rank = 0;
        each_word(r, value, take_rank, target);
}

static void take_on(Reader *r, const char *word, void *target) {
        static const char *const words[] = { "kill",  "kill_budget", "time_to_limit", "livelock",
                                             "drift", "blind",       "kill_limit",    NULL };
        int i = word_index(words, word);

        if (i < 0)
                complain_words(r, words, word);
        else
                *(unsigned *) target |= 1U << i;
}

static void parse_on(Reader *r, const char *value, void *target, const void *detail) {
        (void) detail;
        if (!*value)
                *(unsigned *) target = 0;
        else
                each_word(r, value, take_on, target);
}

static void parse_sink(Reader *r, const char *value, void *target, const void *detail) {
        AlertSection *alert = target;
        AlertSink sink = { .at = reader_origin(r) }, *sinks;
        const char *path = value + strcspn(value, " \t");
        size_t n = (size_t) (path - value);

        (void) detail;
        path += strspn(path, " \t");
        if (!*value) {
                alert->sinks = NULL;
                alert->n_sinks = 0;
                return;
        }
        if (n == 7 && strncmp(value, "journal", n) == 0 && !*path)
                sink.kind = ALERT_SINK_JOURNAL;
        else if (n == 4 && strncmp(value, "exec", n) == 0 && *path == '/')
                sink.kind = ALERT_SINK_EXEC;
        else if (n == 8 && strncmp(value, "datagram", n) == 0 && *path == '/')
                sink.kind = ALERT_SINK_DATAGRAM;
        else {
                reader_complain(r, "'%s' is none of journal, exec /PATH and datagram /PATH", value);
                return;
        }
        sink.path = *path ? pool_copy(r->pool, path, strlen(path)) : NULL;
        sinks = pool_grow(r->pool, alert->sinks, alert->n_sinks, sizeof(*sinks));
        if (!sinks || (*path && !sink.path)) {
                r->no_memory = true;
                return;
        }
        alert->sinks = sinks;
        alert->sinks[alert->n_sinks++] = sink;
}

static const char *const words_mode[] = { "watch", "dry-run", "act", NULL };
static const char *const words_source[] = { "auto", "kprobe", "log", NULL };
static const char *const words_taskstats[] = { "auto", "no", "yes", NULL };
static const char *const words_adjust_of[] = { "main", "all", NULL };
static const char *const words_own[] = { "no", "create", "adopt", NULL };
static const char *const words_victim[] = { "cgroup", "process", NULL };
static const int enabled_default = 1;
static const bool comm_allowed = true;
static const ptrdiff_t kills_given = offsetof(ConfigReeve, kills_ring_given) - offsetof(ConfigReeve, kills_ring_bytes);
static const ptrdiff_t churn_given = offsetof(ConfigReeve, churn_ring_given) - offsetof(ConfigReeve, churn_ring_bytes);

_Static_assert(sizeof(ReeveMode) == sizeof(int) && sizeof(ConfigSource) == sizeof(int), "parse_word() writes an int");
_Static_assert(REEVE_MODE_WATCH == 0 && REEVE_MODE_DRY_RUN == 1 && REEVE_MODE_ACT == 2, "order of words_mode");

#define REEVE(member) offsetof(ConfigReeve, member)

const ConfigKey config_keys_reeve[] = {
        { "Mode", parse_word, REEVE(mode), words_mode },
        { "Watch", parse_watch, REEVE(watch), NULL },
        { "Source", parse_word, REEVE(source), words_source },
        { "Managers", parse_managers, REEVE(managers), NULL },
        { "MaxRetentionSec", parse_duration, REEVE(max_retention_usec), NULL },
        { "MaxUse", parse_size, REEVE(max_use_bytes), NULL },
        { "KeepRecords", parse_number, REEVE(keep_records), NULL },
        { "KeepSigkills", parse_number, REEVE(keep_sigkills), NULL },
        { "StormAfter", parse_quota_always, REEVE(storm_after), NULL },
        { "MaxGroups", parse_number, REEVE(max_groups), NULL },
        { "KillLimit", parse_quota_always, REEVE(kill_limit), NULL },
        { "Never", parse_globs, REEVE(never), NULL },
        { "RecordCommandLine", parse_bool, REEVE(record_command_line), NULL },
        { "Taskstats", parse_word, REEVE(taskstats), words_taskstats },
        { "KillsRing", parse_ring, REEVE(kills_ring_bytes), &kills_given },
        { "ChurnRing", parse_ring, REEVE(churn_ring_bytes), &churn_given },
        { NULL, NULL, 0, NULL },
};

#define BUDGET(member) offsetof(BudgetSection, member)

const ConfigKey config_keys_budget[] = {
        { "Match", parse_globs, BUDGET(match), NULL },
        { "MemoryMin", parse_limit, BUDGET(limits[LIMIT_MEMORY_MIN]), NULL },
        { "MemoryLow", parse_limit, BUDGET(limits[LIMIT_MEMORY_LOW]), NULL },
        { "MemoryHigh", parse_limit, BUDGET(limits[LIMIT_MEMORY_HIGH]), NULL },
        { "MemoryMax", parse_limit, BUDGET(limits[LIMIT_MEMORY_MAX]), NULL },
        { "MemorySwapMax", parse_limit, BUDGET(limits[LIMIT_MEMORY_SWAP_MAX]), NULL },
        { "OOMGroup", parse_limit, BUDGET(limits[LIMIT_OOM_GROUP]), NULL },
        { "OOMScoreAdjust", parse_limit, BUDGET(limits[LIMIT_OOM_SCORE_ADJUST]), NULL },
        { "OOMScoreAdjustOf", parse_word_switch, BUDGET(adjust_of), words_adjust_of },
        { "Own", parse_word_switch, BUDGET(own), words_own },
        { "Risk", parse_bool_switch, BUDGET(risk), NULL },
        { "KillBudget", parse_quota, BUDGET(kill_budget), NULL },
        { "Label", parse_label, BUDGET(labels), NULL },
        { "Documentation", parse_documentation, BUDGET(documentation), NULL },
        { "Enabled", parse_bool_switch, BUDGET(enabled), &enabled_default },
        { NULL, NULL, 0, NULL },
};

#define RULE(member) offsetof(RuleSection, member)

const ConfigKey config_keys_rule[] = {
        { "Match", parse_globs, RULE(match), NULL },
        { "Candidates", parse_globs, RULE(candidates), NULL },
        { "When", config_parse_when, 0, NULL },
        { "Then", config_parse_then, 0, NULL },
        { "Victim", parse_word_switch, RULE(victim), words_victim },
        { "Rank", parse_rank, 0, NULL },
        { "Prefer", parse_globs, RULE(prefer), &comm_allowed },
        { "Avoid", parse_globs, RULE(avoid), &comm_allowed },
        { "Never", parse_globs, RULE(never), NULL },
        { "StepUp", parse_number_switch, RULE(step_up), NULL },
        { "SettleSec", parse_duration, RULE(settle_usec), NULL },
        { "DryRun", parse_bool_switch, RULE(dry_run), NULL },
        { "Own", parse_word_switch, RULE(own), words_own },
        { "Enabled", parse_bool_switch, RULE(enabled), &enabled_default },
        { NULL, NULL, 0, NULL },
};

#define ALERT(member) offsetof(AlertSection, member)

const ConfigKey config_keys_alert[] = {
        { "On", parse_on, ALERT(on), NULL },
        { "Match", parse_globs, ALERT(match), NULL },
        { "Sink", parse_sink, 0, NULL },
        { "Enabled", parse_bool_switch, ALERT(enabled), &enabled_default },
        { NULL, NULL, 0, NULL },
};
