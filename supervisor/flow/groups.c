/* Which cgroups are there? Births and deaths from the churn ring or the walk, and who wants to know of them. */
#include "supervisor/flow/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/flow/captures.h"
#include "supervisor/flow/guards.h"
#include "supervisor/flow/whose.h"
#include "supervisor/host/proc.h"

enum { YOUNG_USEC = 1000 * 1000, WALK_AGAIN_USEC = 1000 * 1000 };
#define WALK_PAUSE_NSEC (UINT64_C(60) * 1000 * 1000 * 1000)

/* Without probes and without a kernel log memory.events is all there is: then that of every cgroup is watched. */
static bool counts_alone(const Supervisor *s) {
        return s->from.tier == REEVE_TIER_LOG && !s->from.log;
}

/* Someone has a budget for it: then its memory.events are watched, and the slow hand hears of it. */
static void report(Supervisor *s, uint64_t id) {
        const char *path = whose_path(s, id);
        bool wanted = path && s->budgets && budgets_wants(s->budgets, path);

        if (wanted)
                budgets_cgroup_born(s->budgets, id, path);
        if (path && s->rules.judging.watchlist && watchlist_born(s->rules.judging.watchlist, id, path))
                (void) sd_event_source_set_enabled(s->rules.kick, SD_EVENT_ONESHOT);
        if (path && (wanted || counts_alone(s)))
                (void) eventswatch_add(s->eventswatch, id, path, 0);
}

void groups_report(Supervisor *s) {
        TreeGroup group;

        for (size_t at = tree_next(s->tree, 0, &group); at; at = tree_next(s->tree, at, &group))
                if (group.alive)
                        report(s, group.id);
}

static void born(Supervisor *s, const TreeBirth *birth) {
        TreeBirth now = *birth;

        now.now_nsec = clock_boottime_nsec();
        if (tree_learn(s->tree, &now) > 0 && s->walked) {
                captures_born(s, birth->id);
                report(s, birth->id);
        }
}

static void look_for_owner(Supervisor *s, uint64_t id) {
        EyesRequest look = { .kind = EYES_OWNER, .cgroup_id = id };
        const char *path = whose_path(s, id);

        if (path)
                (void) snprintf(look.path, sizeof(look.path), "%s", path);
        (void) eyes_post(s->eyes, &look);
}

/* Managers make a directory first and give it to its owner next: what was seen between the two is looked at once more. */
static int on_grown(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) usec;
        for (size_t i = 0; i < s->n_young; i++)
                look_for_owner(s, s->young[i]);
        s->n_young = 0;
        return 0;
}

void groups_born(Supervisor *s, const EvidenceChurn *churn) {

        born(s, &(TreeBirth) { .id = churn->id, .path = churn->path_cut ? NULL : churn->path, .owner = TREE_OWNER_UNKNOWN });
        look_for_owner(s, churn->id);
        if (s->n_young < YOUNG_MAX)
                s->young[s->n_young++] = churn->id;
        state_timer(s, &s->young_timer, YOUNG_USEC, on_grown);
}

void groups_died(Supervisor *s, uint64_t id, const char *path) {
        captures_died(s, id);
        tree_died(s->tree, id, path, clock_boottime_nsec());
        eventswatch_remove(s->eventswatch, id);
        if (s->rules.judging.watchlist)
                watchlist_died(s->rules.judging.watchlist, id);
        guards_forget(s, id);
        if (s->rules.limits)
                limitwatch_forget(s->rules.limits, id);
        if (s->budgets)
                budgets_cgroup_died(s->budgets, id);
}

static bool is_young(const Supervisor *s, uint64_t id) {
        for (size_t i = 0; i < s->n_young; i++)
                if (s->young[i] == id)
                        return true;
        return false;
}

/* Gone before an eye came: then the directory it was made in is looked at, once a second. */
static void look_above(Supervisor *s, uint64_t id) {
        uint64_t now = clock_boottime_nsec();
        TreeGroup group;

        if (!tree_get(s->tree, id, &group) || group.parent_id == 0 ||
            (group.parent_id == s->above_id && now - s->above_nsec < UINT64_C(1000) * YOUNG_USEC))
                return;
        s->above_id = group.parent_id;
        s->above_nsec = now;
        look_for_owner(s, group.parent_id);
}

/* An eye looked at a newcomer, or at one of whose death nobody told. The mkdir event comes before the directory can be
 * opened: of a newborn "gone" means "not yet", and the second look decides. */
void groups_owner(Supervisor *s, const EyesAnswer *answer) {
        if (answer->error == -ENODEV)
                look_above(s, answer->cgroup_id);
        if (answer->error == -ENODEV && is_young(s, answer->cgroup_id))
                return;
        if (answer->error == -ENODEV)
                groups_died(s, answer->cgroup_id, NULL);
        else if (answer->error == 0) {
                if (answer->has_path)
                        born(s, &(TreeBirth) { .id = answer->cgroup_id, .path = answer->path, .owner = answer->owner });
                tree_fill(s->tree, answer->cgroup_id, answer->owner, answer->has_invocation ? answer->invocation : NULL);
                tree_first(s->tree, answer->cgroup_id,
                           (TreeProcess) { .pid = answer->first_pid, .start_nsec = answer->first_start_nsec });
                if (answer->label[0])
                        (void) tree_label(s->tree, answer->cgroup_id, answer->label);
                /* A directory may be given to a user at any time, and nothing tells of it; that he makes others in it does. */
                if (answer->parent_id)
                        tree_fill(s->tree, answer->parent_id, answer->parent_owner, NULL);
        }
}

/* What a walk did not come to has no budget, and no name but by its kills. */
static int on_walk_again(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        groups_walk_again(userdata);
        return 0;
}

static void on_news(Supervisor *s, const DirwatchNews *n) {
        switch (n->kind) {
        case DIRWATCH_BORN:
                born(s, &(TreeBirth) { .id = n->id, .parent_id = n->parent_id, .name = n->name, .owner = n->owner,
                                       .invocation = n->has_invocation ? n->invocation : NULL });
                tree_first(s->tree, n->id, (TreeProcess) { .pid = n->first_pid, .start_nsec = n->first_start_nsec });
                if (n->label[0])
                        (void) tree_label(s->tree, n->id, n->label);
                break;
        case DIRWATCH_DIED:
                groups_died(s, n->id, NULL);
                break;
        case DIRWATCH_WALKING:
                tree_walk_begin(s->tree);
                break;
        case DIRWATCH_WALKED:
                if (n->complete)
                        tree_walk_end(s->tree, clock_boottime_nsec());
                else
                        state_timer(s, &s->walk_timer, WALK_AGAIN_USEC, on_walk_again);
                tree_prepare(s->tree, clock_boottime_nsec());
                s->walked = true;
                s->walking = false;
                break;
        }
}

void groups_take_news(Supervisor *s) {
        DirwatchBatch *batch;

        ring_drain_fd(dirwatch_ring(s->dirwatch));
        while ((batch = dirwatch_take(s->dirwatch))) {
                for (size_t i = 0; i < batch->n; i++)
                        on_news(s, &batch->news[i]);
                free(batch);
        }
}

/* Not more than once a minute: whoever floods the churn ring must not make us walk without end. Nor while one is under
 * way: its end would bury all that it met before the other began. */
void groups_walk_again(Supervisor *s) {
        uint64_t now = clock_boottime_nsec();

        s->walk_due = s->walking || now - s->walk_nsec < WALK_PAUSE_NSEC;
        if (s->walk_due)
                return;
        s->walk_nsec = now;
        s->walking = true;
        tree_walk_begin(s->tree);
        dirwatch_walk(s->dirwatch);
}

void groups_tick(Supervisor *s) {
        if (s->walk_due)
                groups_walk_again(s);
        tree_prepare(s->tree, clock_boottime_nsec());
}

int groups_open(Supervisor *s) {
        TreeOptions tree = { .max_groups = s->config->reeve.max_groups, .watch = s->config->reeve.watch };
        EyesOptions eyes = { .fs = &s->fs, .command_lines = s->config->reeve.record_command_line };
        int r;

        r = tree_new(&s->tree, &tree, s->fs.root_id);
        if (r < 0)
                return r;
        r = eyes_new(&s->eyes, &eyes);
        if (r < 0)
                return r;
        return eventswatch_new(&s->eventswatch, &s->fs);
}

/* The walk begins once the source of births is known: the churn ring already records, so nothing falls in between. */
int groups_walk(Supervisor *s) {
        bool follow = s->from.tier != REEVE_TIER_KPROBE;
        int r = dirwatch_new(&s->dirwatch, &s->fs, s->config->reeve.watch, follow);

        if (r < 0)
                return r;
        tree_walk_begin(s->tree);
        s->walking = true;
        s->following = follow;
        return 0;
}

static void walk_anew(Supervisor *s) {
        Dirwatch *before = s->dirwatch;

        if (!before || groups_walk(s) < 0)
                return;
        (void) sd_event_source_set_io_fd(s->dirwatch_io, ring_fd(dirwatch_ring(s->dirwatch)));
        (void) dirwatch_free(before);
}

void groups_follow(Supervisor *s) {
        if (s->following != (s->from.tier != REEVE_TIER_KPROBE))
                walk_anew(s);
}

void groups_rewatch(Supervisor *s) {
        if (tree_watch(s->tree, s->config->reeve.watch) == 0)
                walk_anew(s);
}

void groups_close(Supervisor *s) {
        s->young_timer = sd_event_source_disable_unref(s->young_timer);
        s->walk_timer = sd_event_source_disable_unref(s->walk_timer);
        s->dirwatch_io = sd_event_source_disable_unref(s->dirwatch_io);
        s->eventswatch_io = sd_event_source_disable_unref(s->eventswatch_io);
        s->eyes_io = sd_event_source_disable_unref(s->eyes_io);
        s->dirwatch = dirwatch_free(s->dirwatch);
        s->eventswatch = eventswatch_free(s->eventswatch);
        s->eyes = eyes_free(s->eyes);
        s->tree = tree_free(s->tree);
}
