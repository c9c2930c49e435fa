/* A kill comes in: inside Watch=? From before our start? Then it becomes a record. */
#include "supervisor/flow/intake.h"

#include "supervisor/base/clock.h"
#include "supervisor/flow/kills.h"
#include "supervisor/flow/late.h"
#include "supervisor/flow/whose.h"
#include "supervisor/record/spool.h"

/* What the victim's names taught us: a cgroup that no mkdir event told of. Whether it still lives an eye finds out. */
static void learn_cgroup(Supervisor *s, const KillCgroup *cgroup) {
        TreeGroup group;
        EyesRequest look = { .kind = EYES_OWNER, .cgroup_id = cgroup->id };

        if (cgroup->id == 0 || !cgroup->path || cgroup->path[0] != '/' || tree_get(s->tree, cgroup->id, &group))
                return;
        if (tree_learn(s->tree, &(TreeBirth) { .id = cgroup->id, .path = cgroup->path, .owner = TREE_OWNER_UNKNOWN,
                                                .now_nsec = clock_boottime_nsec() }) > 0)
                (void) eyes_post(s->eyes, &look);
}

void intake_kill(Supervisor *s, const Kill *kill) {
        bool log = kill->tier == REEVE_TIER_LOG;

        for (size_t i = 0; i < kill->n_victims; i++)
                learn_cgroup(s, &kill->victims[i].cgroup);
        learn_cgroup(s, &kill->limit);
        if (kill->n_victims > 0 && !whose_is_watched(s, &kill->victims[0].cgroup)) {
                s->from.outside += kill->confirmed;
                spool_account(s->spool)->accounted += kill->confirmed;
                s->from.log_confirmed += log ? kill->confirmed : 0;
                return;
        }
        if (late_may_be(s, kill)) {
                /* Of the log it is counted when it is recorded: what was read back of it was counted then. */
                s->from.recorded += log ? 0 : kill->confirmed;
                late_kill(s, kill);
                return;
        }
        s->from.recorded += kill->confirmed;
        s->from.log_confirmed += log ? kill->confirmed : 0;
        spool_account(s->spool)->accounted += kill->confirmed;
        kills_record(s, kill, NULL, true);
}
