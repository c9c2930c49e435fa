/* The keys there are, section by section. */
#include <stddef.h>

#include "supervisor/text/configlist.h"
#include "supervisor/text/configvalue.h"

static const char *const words_mode[] = { "watch", "dry-run", "act", NULL };
static const char *const words_source[] = { "auto", "kprobe", "log", NULL };
static const char *const words_taskstats[] = { "auto", "no", "yes", NULL };
static const char *const words_adjust_of[] = { "main", "all", NULL };
static const char *const words_own[] = { "no", "create", "adopt", NULL };
static const char *const words_victim[] = { "cgroup", "process", NULL };
static const int enabled_default = 1;
static const bool comm_allowed = true;
static const uint64_t one = 1;
static const ptrdiff_t kills_given = offsetof(ConfigReeve, kills_ring_given) - offsetof(ConfigReeve, kills_ring_bytes);
static const ptrdiff_t churn_given = offsetof(ConfigReeve, churn_ring_given) - offsetof(ConfigReeve, churn_ring_bytes);

_Static_assert(sizeof(ReeveMode) == sizeof(int) && sizeof(ConfigSource) == sizeof(int), "config_parse_word() writes an int");
_Static_assert(REEVE_MODE_WATCH == 0 && REEVE_MODE_DRY_RUN == 1 && REEVE_MODE_ACT == 2, "order of words_mode");

#define REEVE(member) offsetof(ConfigReeve, member)

const ConfigKey config_keys_reeve[] = {
        { "Mode", config_parse_word, REEVE(mode), words_mode },
        { "Watch", config_parse_watch, REEVE(watch), NULL },
        { "Source", config_parse_word, REEVE(source), words_source },
        { "Managers", config_parse_managers, 0, NULL },
        { "MaxRetentionSec", config_parse_duration_always, REEVE(max_retention_usec), NULL },
        { "MaxUse", config_parse_size, REEVE(max_use_bytes), NULL },
        { "KeepRecords", config_parse_number, REEVE(keep_records), NULL },
        { "KeepSigkills", config_parse_number, REEVE(keep_sigkills), NULL },
        { "StormAfter", config_parse_quota_always, REEVE(storm_after), NULL },
        { "MaxGroups", config_parse_number, REEVE(max_groups), &one },
        { "KillLimit", config_parse_quota_always, REEVE(kill_limit), NULL },
        { "Never", config_parse_globs, REEVE(never), NULL },
        { "RecordCommandLine", config_parse_bool, REEVE(record_command_line), NULL },
        { "Taskstats", config_parse_word, REEVE(taskstats), words_taskstats },
        { "KillsRing", config_parse_ring, REEVE(kills_ring_bytes), &kills_given },
        { "ChurnRing", config_parse_ring, REEVE(churn_ring_bytes), &churn_given },
        { NULL, NULL, 0, NULL },
};

#define BUDGET(member) offsetof(BudgetSection, member)

const ConfigKey config_keys_budget[] = {
        { "Match", config_parse_globs, BUDGET(match), NULL },
        { "MemoryMin", config_parse_limit_value, BUDGET(limits[LIMIT_MEMORY_MIN]), NULL },
        { "MemoryLow", config_parse_limit_value, BUDGET(limits[LIMIT_MEMORY_LOW]), NULL },
        { "MemoryHigh", config_parse_limit_value, BUDGET(limits[LIMIT_MEMORY_HIGH]), NULL },
        { "MemoryMax", config_parse_limit_value, BUDGET(limits[LIMIT_MEMORY_MAX]), NULL },
        { "MemorySwapMax", config_parse_limit_value, BUDGET(limits[LIMIT_MEMORY_SWAP_MAX]), NULL },
        { "OOMGroup", config_parse_limit_value, BUDGET(limits[LIMIT_OOM_GROUP]), NULL },
        { "OOMScoreAdjust", config_parse_limit_value, BUDGET(limits[LIMIT_OOM_SCORE_ADJUST]), NULL },
        { "OOMScoreAdjustOf", config_parse_word_switch, BUDGET(adjust_of), words_adjust_of },
        { "Own", config_parse_word_switch, BUDGET(own), words_own },
        { "Risk", config_parse_bool_switch, BUDGET(risk), NULL },
        { "KillBudget", config_parse_quota, BUDGET(kill_budget), NULL },
        { "Label", config_parse_label, BUDGET(labels), NULL },
        { "Documentation", config_parse_documentation, BUDGET(documentation), NULL },
        { "Enabled", config_parse_bool_switch, BUDGET(enabled), &enabled_default },
        { NULL, NULL, 0, NULL },
};

#define RULE(member) offsetof(RuleSection, member)

const ConfigKey config_keys_rule[] = {
        { "Match", config_parse_globs, RULE(match), NULL },
        { "Candidates", config_parse_globs, RULE(candidates), NULL },
        { "When", config_parse_when, 0, NULL },
        { "Then", config_parse_then, 0, NULL },
        { "Victim", config_parse_word_switch, RULE(victim), words_victim },
        { "Rank", config_parse_rank, 0, NULL },
        { "Prefer", config_parse_globs, RULE(prefer), &comm_allowed },
        { "Avoid", config_parse_globs, RULE(avoid), &comm_allowed },
        { "Never", config_parse_globs, RULE(never), NULL },
        { "StepUp", config_parse_number_switch, RULE(step_up), NULL },
        { "SettleSec", config_parse_wait, RULE(settle_usec), NULL },
        { "DryRun", config_parse_bool_switch, RULE(dry_run), NULL },
        { "Own", config_parse_word_switch, RULE(own), words_own },
        { "Enabled", config_parse_bool_switch, RULE(enabled), &enabled_default },
        { NULL, NULL, 0, NULL },
};

#define ALERT(member) offsetof(AlertSection, member)

const ConfigKey config_keys_alert[] = {
        { "On", config_parse_on, ALERT(on), NULL },
        { "Match", config_parse_globs, ALERT(match), NULL },
        { "Sink", config_parse_sink, 0, NULL },
        { "Enabled", config_parse_bool_switch, ALERT(enabled), &enabled_default },
        { NULL, NULL, 0, NULL },
};
