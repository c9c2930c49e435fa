#include "policies/rule.h"

static const char *at(const char *const *words, int n, int index) {
        return index >= 0 && index < n ? words[index] : NULL;
}

const char *rule_what_to_string(int what) {
        static const char *const words[] = {
                [RULE_MEMORY_SOME] = "memory.some",
                [RULE_MEMORY_FULL] = "memory.full",
                [RULE_USAGE] = "usage",
                [RULE_UNRECLAIMABLE] = "unreclaimable",
                [RULE_SWAP] = "swap",
                [RULE_GROWTH] = "growth",
                [RULE_REFAULT] = "refault",
                [RULE_HIGH] = "high",
                [RULE_MAX] = "max",
                [RULE_OOM] = "oom",
                [RULE_OOM_KILL] = "oom_kill",
                [RULE_TIME_TO_LIMIT] = "time_to_limit",
                [RULE_LIVELOCK] = "livelock",
                [RULE_HOST_AVAILABLE] = "host.available",
                [RULE_HOST_SWAP] = "host.swap",
        };

        return at(words, RULE_WHATS, what);
}

const char *rule_action_to_string(int action) {
        static const char *const words[] = {
                [RULE_NOTIFY] = "notify", [RULE_RECLAIM] = "reclaim", [RULE_THROTTLE] = "throttle",
                [RULE_RELAX] = "relax",   [RULE_RAISE] = "raise",     [RULE_FREEZE] = "freeze",
                [RULE_TERM] = "term",     [RULE_KILL] = "kill",       [RULE_RESTART] = "restart",
                [RULE_EXEC] = "exec",
        };

        return at(words, RULE_ACTIONS, action);
}

const char *rule_rank_to_string(int rank) {
        static const char *const words[] = {
                [RANK_SIZE] = "size", [RANK_GROWTH] = "growth",   [RANK_PRESSURE] = "pressure",
                [RANK_SWAP] = "swap", [RANK_REFAULT] = "refault", [RANK_OOM_SCORE] = "oom_score",
        };

        return at(words, RANKS, rank);
}
