/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/* The words all sides of Reeve speak: each enum of a record field with its spelling on the wire. Schema 1 only gains
 * words, so a reader meets unknown ones by showing them as they are. Words are a-z, 0-9 and single '_'. */

#ifdef __cplusplus
extern "C" {
#endif

#include <stddef.h>
#include <string.h>

/* Each list names (CONSTANT, "word") in the order of the enum's values. */
#define REEVE_RECORD_TYPES(X)                                                                                      \
        X(REEVE_RECORD_KILL, "kill")                                                                               \
        X(REEVE_RECORD_SIGKILL, "sigkill")                                                                         \
        X(REEVE_RECORD_VERDICT, "verdict")                                                                         \
        X(REEVE_RECORD_LIMIT, "limit")                                                                             \
        X(REEVE_RECORD_GAP, "gap")                                                                                 \
        X(REEVE_RECORD_ALERT, "alert")                                                                             \
        X(REEVE_RECORD_SUPERVISOR, "supervisor")                                                                   \
        X(REEVE_RECORD_STORM, "storm")                                                                             \
        X(REEVE_RECORD_MORE, "more")

#define REEVE_KILLERS(X)                                                                                           \
        X(REEVE_KILLER_UNKNOWN, "unknown")                                                                         \
        X(REEVE_KILLER_KERNEL, "kernel")                                                                           \
        X(REEVE_KILLER_REEVE, "reeve")                                                                             \
        X(REEVE_KILLER_OOM_MANAGER, "oom_manager")                                                                 \
        X(REEVE_KILLER_SYSRQ, "sysrq")

#define REEVE_SCOPES(X)                                                                                            \
        X(REEVE_SCOPE_UNKNOWN, "unknown")                                                                          \
        X(REEVE_SCOPE_SELF, "self")                                                                                \
        X(REEVE_SCOPE_ANCESTOR, "ancestor")                                                                        \
        X(REEVE_SCOPE_HOST, "host")                                                                                \
        X(REEVE_SCOPE_NONE, "none")

#define REEVE_CONSTRAINTS(X)                                                                                       \
        X(REEVE_CONSTRAINT_UNKNOWN, "unknown")                                                                     \
        X(REEVE_CONSTRAINT_NONE, "none")                                                                           \
        X(REEVE_CONSTRAINT_MEMCG, "memcg")                                                                         \
        X(REEVE_CONSTRAINT_CPUSET, "cpuset")                                                                       \
        X(REEVE_CONSTRAINT_MEMORY_POLICY, "memory_policy")

#define REEVE_SELECTIONS(X)                                                                                        \
        X(REEVE_SELECTION_UNKNOWN, "unknown")                                                                      \
        X(REEVE_SELECTION_SYSRQ, "sysrq")                                                                          \
        X(REEVE_SELECTION_LIMIT_WRITE, "limit_write")                                                              \
        X(REEVE_SELECTION_ALLOCATING_TASK, "allocating_task")                                                      \
        X(REEVE_SELECTION_BADNESS, "badness")

#define REEVE_VICTIM_WHYS(X)                                                                                       \
        X(REEVE_VICTIM_CHOSEN, "chosen")                                                                           \
        X(REEVE_VICTIM_GROUP, "group")                                                                             \
        X(REEVE_VICTIM_SHARED_MM, "shared_mm")

#define REEVE_SOURCES(X)                                                                                           \
        X(REEVE_SOURCE_KPROBE, "kprobe")                                                                           \
        X(REEVE_SOURCE_LOG, "log")                                                                                 \
        X(REEVE_SOURCE_PROC, "proc")                                                                               \
        X(REEVE_SOURCE_COUNTER, "counter")                                                                         \
        X(REEVE_SOURCE_TASKSTATS, "taskstats")                                                                     \
        X(REEVE_SOURCE_JOURNAL, "journal")                                                                         \
        X(REEVE_SOURCE_PSTORE, "pstore")

#define REEVE_TIERS(X)                                                                                             \
        X(REEVE_TIER_NONE, "none")                                                                                 \
        X(REEVE_TIER_KPROBE, "kprobe")                                                                             \
        X(REEVE_TIER_LOG, "log")

#define REEVE_CONFIDENCES(X)                                                                                       \
        X(REEVE_CONFIDENCE_COUNTED, "counted")                                                                     \
        X(REEVE_CONFIDENCE_LIKELY, "likely")                                                                       \
        X(REEVE_CONFIDENCE_CERTAIN, "certain")

#define REEVE_GAP_CAUSES(X)                                                                                        \
        X(REEVE_GAP_UNKNOWN, "unknown")                                                                            \
        X(REEVE_GAP_OVERRUN, "overrun")                                                                            \
        X(REEVE_GAP_DROPPED, "dropped")                                                                            \
        X(REEVE_GAP_KMSG, "kmsg")                                                                                  \
        X(REEVE_GAP_OWNERLESS, "ownerless")                                                                        \
        X(REEVE_GAP_NOT_WATCHING, "not_watching")                                                                  \
        X(REEVE_GAP_RETENTION, "retention")

#define REEVE_KILL_MEANS(X)                                                                                        \
        X(REEVE_MEANS_KILL, "kill")                                                                                \
        X(REEVE_MEANS_CGROUP_KILL, "cgroup_kill")                                                                  \
        X(REEVE_MEANS_KERNEL, "kernel")

#define REEVE_IDENTITY_KINDS(X)                                                                                    \
        X(REEVE_IDENTITY_PLAIN, "plain")                                                                           \
        X(REEVE_IDENTITY_UNIT, "unit")                                                                             \
        X(REEVE_IDENTITY_USER_UNIT, "user_unit")                                                                   \
        X(REEVE_IDENTITY_SESSION, "session")                                                                       \
        X(REEVE_IDENTITY_KUBERNETES, "kubernetes")                                                                 \
        X(REEVE_IDENTITY_DOCKER, "docker")                                                                         \
        X(REEVE_IDENTITY_PODMAN, "podman")                                                                         \
        X(REEVE_IDENTITY_CONTAINERD, "containerd")                                                                 \
        X(REEVE_IDENTITY_ECS, "ecs")                                                                               \
        X(REEVE_IDENTITY_NOMAD, "nomad")                                                                           \
        X(REEVE_IDENTITY_LXC, "lxc")                                                                               \
        X(REEVE_IDENTITY_SLURM, "slurm")                                                                           \
        X(REEVE_IDENTITY_OWNED, "owned")

#define REEVE_OUTCOMES(X)                                                                                          \
        X(REEVE_OUTCOME_DONE, "done")                                                                              \
        X(REEVE_OUTCOME_RECOVERED, "recovered")                                                                    \
        X(REEVE_OUTCOME_REFUSED, "refused")                                                                        \
        X(REEVE_OUTCOME_FAILED, "failed")                                                                          \
        X(REEVE_OUTCOME_INEFFECTIVE, "ineffective")                                                                \
        X(REEVE_OUTCOME_GONE, "gone")

/* Whose hand changed a limit. */
#define REEVE_LIMIT_BYS(X)                                                                                         \
        X(REEVE_LIMIT_BY_REEVE, "reeve")                                                                           \
        X(REEVE_LIMIT_BY_SYSTEMD, "systemd")                                                                       \
        X(REEVE_LIMIT_BY_OTHER, "other")

#define REEVE_MODES(X)                                                                                             \
        X(REEVE_MODE_WATCH, "watch")                                                                               \
        X(REEVE_MODE_DRY_RUN, "dry_run")                                                                           \
        X(REEVE_MODE_ACT, "act")

/* Why a record says what it says: one list of stable words for `reason`, of kills, limits and verdicts alike. */
#define REEVE_REASONS(X)                                                                                           \
        X(REEVE_REASON_UNKNOWN, "unknown")                                                                         \
        X(REEVE_REASON_OWN_LIMIT, "own_limit")                 /* kill: its own memory.max was reached */          \
        X(REEVE_REASON_ANCESTOR_LIMIT, "ancestor_limit")       /* kill: an ancestor's memory.max was reached */    \
        X(REEVE_REASON_HOST_MEMORY, "host_memory")             /* kill: the host had no memory left */             \
        X(REEVE_REASON_NODE_MEMORY, "node_memory")             /* kill: the allowed NUMA nodes had none left */    \
        X(REEVE_REASON_SYSRQ, "sysrq")                         /* kill: somebody asked by sysrq-f */               \
        X(REEVE_REASON_LIMIT_WRITE, "limit_write")             /* kill: a limit was written below usage */         \
        X(REEVE_REASON_MANAGER, "manager")                     /* kill: by systemd-oomd, earlyoom ... */           \
        X(REEVE_REASON_CONFIGURED, "configured")               /* limit: a budget asks for it */                   \
        X(REEVE_REASON_REQUESTED, "requested")                 /* limit: somebody asked by Set */                  \
        X(REEVE_REASON_BUDGET_GONE, "budget_gone")             /* limit: put back, its section is gone */          \
        X(REEVE_REASON_INCIDENT_OVER, "incident_over")         /* limit: put back, a rule's step is undone */      \
        X(REEVE_REASON_CHANGED_BY_OTHER, "changed_by_other")   /* limit: drift */                                  \
        X(REEVE_REASON_NOT_OWNED, "not_owned")                 /* limit refused: no unit of systemd's, no Own= */  \
        X(REEVE_REASON_DELEGATED, "delegated")                 /* limit refused: below a delegated unit */         \
        X(REEVE_REASON_BELOW_USAGE, "below_usage")             /* limit refused: usage could not be brought down */\
        X(REEVE_REASON_NEEDS_OOM_POLICY, "needs_oom_policy")   /* limit refused: OOMGroup on a running unit */     \
        X(REEVE_REASON_NOT_PERMITTED, "not_permitted")         /* refused: the peer may not, or EACCES/EROFS */    \
        X(REEVE_REASON_MODE_WATCH, "mode_watch")               /* refused: Mode=watch */                           \
        X(REEVE_REASON_KERNEL, "kernel")                       /* refused: this kernel lacks it */                 \
        X(REEVE_REASON_RULE, "rule")                           /* verdict, kill: a rule's conditions hold */       \
        X(REEVE_REASON_RECOVERED, "recovered")                 /* verdict none: better at the second look */       \
        X(REEVE_REASON_NO_CANDIDATE, "no_candidate")           /* verdict none: nobody there to act on */          \
        X(REEVE_REASON_PROTECTED, "protected")                 /* verdict none: all that are there are sheltered */\
        X(REEVE_REASON_KILL_LIMIT, "kill_limit")               /* verdict none: KillLimit= is reached */           \
        X(REEVE_REASON_PAUSED, "paused")                       /* verdict none: reevectl pause */                  \
        X(REEVE_REASON_NOT_AVAILABLE, "not_available")         /* verdict refused: not in this version */          \
        X(REEVE_REASON_GONE, "gone")                           /* the cgroup went away */                          \
        X(REEVE_REASON_FAILED, "failed")                       /* the write failed; see error */

#define REEVE_ENUM_CONSTANT(constant, word) constant,
#define REEVE_ENUM_WORD(constant, word) word,

/* Declares enum @type, the table of its words, TYPE_to_string() (NULL out of range) and TYPE_from_string() (-1: none). */
#define REEVE_DEFINE_WORDS(type, prefix, LIST)                                                                     \
        typedef enum type { LIST(REEVE_ENUM_CONSTANT) } type;                                                      \
        static inline const char *prefix##_to_string(int value) {                                                  \
                static const char *const words[] = { LIST(REEVE_ENUM_WORD) };                                      \
                return value >= 0 && (size_t) value < sizeof(words) / sizeof(*words) ? words[value] : NULL;        \
        }                                                                                                          \
        static inline int prefix##_from_string(const char *word) {                                                 \
                static const char *const words[] = { LIST(REEVE_ENUM_WORD) };                                      \
                for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)                                        \
                        if (strcmp(words[i], word) == 0)                                                           \
                                return (int) i;                                                                    \
                return -1;                                                                                         \
        }

REEVE_DEFINE_WORDS(ReeveRecordType, reeve_record_type, REEVE_RECORD_TYPES)
REEVE_DEFINE_WORDS(ReeveKiller, reeve_killer, REEVE_KILLERS)
REEVE_DEFINE_WORDS(ReeveScope, reeve_scope, REEVE_SCOPES)
REEVE_DEFINE_WORDS(ReeveConstraint, reeve_constraint, REEVE_CONSTRAINTS)
REEVE_DEFINE_WORDS(ReeveSelection, reeve_selection, REEVE_SELECTIONS)
REEVE_DEFINE_WORDS(ReeveVictimWhy, reeve_victim_why, REEVE_VICTIM_WHYS)
REEVE_DEFINE_WORDS(ReeveSource, reeve_source, REEVE_SOURCES)
REEVE_DEFINE_WORDS(ReeveTier, reeve_tier, REEVE_TIERS)
REEVE_DEFINE_WORDS(ReeveConfidence, reeve_confidence, REEVE_CONFIDENCES)
REEVE_DEFINE_WORDS(ReeveGapCause, reeve_gap_cause, REEVE_GAP_CAUSES)
REEVE_DEFINE_WORDS(ReeveKillMeans, reeve_kill_means, REEVE_KILL_MEANS)
REEVE_DEFINE_WORDS(ReeveIdentityKind, reeve_identity_kind, REEVE_IDENTITY_KINDS)
REEVE_DEFINE_WORDS(ReeveOutcome, reeve_outcome, REEVE_OUTCOMES)
REEVE_DEFINE_WORDS(ReeveLimitBy, reeve_limit_by, REEVE_LIMIT_BYS)
REEVE_DEFINE_WORDS(ReeveMode, reeve_mode, REEVE_MODES)
REEVE_DEFINE_WORDS(ReeveReason, reeve_reason, REEVE_REASONS)

#ifdef __cplusplus
}
#endif
