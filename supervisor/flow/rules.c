#include "supervisor/flow/rules.h"

#include <stdio.h>
#include <string.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/flow/capturebox.h"
#include "supervisor/flow/captures.h"
#include "supervisor/flow/guards.h"
#include "supervisor/flow/levers.h"
#include "supervisor/flow/pauses.h"
#include "supervisor/flow/verdicts.h"
#include "supervisor/host/proc.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/verdictrecord.h"

/* So long a round may be away with an eye before another begins beside it. */
enum { PATIENCE_USEC = 2000000, BUSY_USEC = 100000, SOON_USEC = 1000, LIMITS_USEC = 200000, STIRRED_USEC = 10000000 };

/* Of so many matches elsewhere it is told how they stand. */
enum { STANDING_MAX = 16 };

static int on_round(sd_event_source *source, uint64_t usec, void *userdata);

/* A batch of which no eye has hold, while none is under way that could still come. NULL: not now. */
static Batch *batch_idle(Rules *r, uint64_t now_usec) {
        Batch *idle = NULL;

        for (size_t i = 0; i < ELEMENTSOF(r->batches); i++) {
                Batch *b = &r->batches[i];

                /* An answer that found no room will not come any more. */
                if (b->away && now_usec - b->began_usec >= PATIENCE_USEC && atomic_load(&b->read))
                        b->away = false;
                if (!b->away)
                        idle = b;
                else if (now_usec - b->began_usec < PATIENCE_USEC)
                        return NULL;
        }
        return idle;
}

static void round_begin(Supervisor *s) {
        Rules *r = &s->rules;
        uint64_t now = clock_boottime_nsec() / 1000;
        EyesRequest look = { .kind = EYES_BATCH };
        Batch *b;

        if (watchlist_pairs(r->judging.watchlist) == 0)
                return;
        b = batch_idle(r, now);
        if (b) {
                batch_clear(b);
                b->began_usec = now;
                b->limits_fd = r->limits ? limitwatch_fd(r->limits) : -1;
                look.batch = b;
                look.cookie = b->cookie = ++s->next_cookie;
                b->away = watchlist_plan(r->judging.watchlist, s->tree, b) == 0 && eyes_post(s->eyes, &look);
        }
        /* The answer sets the next; this one is for when none comes. */
        state_timer(s, &r->timer, b && b->away ? PATIENCE_USEC : BUSY_USEC, on_round);
}

static int on_round(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        round_begin(userdata);
        return 0;
}

/* A round at once, but for one that is under way. */
static void round_now(Supervisor *s) {
        Rules *r = &s->rules;
        uint64_t at = 0, now = clock_boottime_nsec() / 1000;
        int enabled;

        for (size_t i = 0; i < ELEMENTSOF(r->batches); i++)
                if (r->batches[i].away)
                        return;
        if (!r->timer || sd_event_source_get_time(r->timer, &at) < 0 || sd_event_source_get_enabled(r->timer, &enabled) < 0 ||
            (enabled != SD_EVENT_OFF && at < now + SOON_USEC))
                return;
        (void) sd_event_source_set_enabled(r->timer, SD_EVENT_OFF);
        state_timer(s, &r->timer, SOON_USEC, on_round);
}

bool rules_herald(Supervisor *s, uint64_t id) {
        bool many = false;

        if (s->rules.judging.watchlist && watchlist_herald(s->rules.judging.watchlist, id, &many)) {
                s->rules.stirred_usec = clock_boottime_nsec() / 1000;
                round_now(s);
        }
        return many;
}

static void guard_told(Supervisor *s, uint64_t id, bool gone) {
        if (gone)
                watchlist_guarded(s->rules.judging.watchlist, id, false);
        (void) rules_herald(s, id);
}

static void guards_took(Supervisor *s, Batch *b) {
        for (size_t i = 0; i < b->n_guards; i++) {
                BatchGuard *g = &b->guards[i];
                bool there = g->fd >= 0 && guards_take(s, g->id, fd_steal(&g->fd), guard_told) == 0;

                watchlist_guarded(s->rules.judging.watchlist, g->id, there);
        }
}

/* When the next round is due; UINT64_MAX: when the kernel tells of something. What it told is looked at for a while. */
static uint64_t next_round(const Supervisor *s, bool again, uint64_t now_usec) {
        const Rules *r = &s->rules;

        if (again)
                return SOON_USEC;
        if (watchlist_calm(r->judging.watchlist) && now_usec - r->stirred_usec >= STIRRED_USEC)
                return UINT64_MAX;
        return watchlist_interval(r->judging.watchlist, &r->judging.host);
}

static void limit_told(void *userdata, uint64_t id) {
        Supervisor *s = userdata;

        watchlist_limits(s->rules.judging.watchlist, id);
}

static int on_limits_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) usec;
        (void) sd_event_source_set_enabled(s->rules.limits_io, SD_EVENT_ON);
        return 0;
}

/* Who writes without end wakes us five times a second. */
static int on_limits(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        (void) fd, (void) revents;
        limitwatch_drain(s->rules.limits, limit_told, s);
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        state_timer(s, &s->rules.limits_timer, LIMITS_USEC, on_limits_again);
        round_now(s);
        return 0;
}

static void limits_open(Supervisor *s) {
        Rules *r = &s->rules;

        if (!r->limits && limitwatch_new(&r->limits) >= 0 && state_io(s, &r->limits_io, limitwatch_fd(r->limits), EPOLLIN, 10, on_limits) < 0)
                r->limits = limitwatch_free(r->limits);
}

/* A rule matches something: from now on there are rounds. */
static int on_kick(sd_event_source *source, void *userdata) {
        Supervisor *s = userdata;

        (void) source;
        if (watchlist_pairs(s->rules.judging.watchlist) == 0)
                return 0;
        if (verdicts_open(s) < 0)
                state_say(s, "watch_lost", "Rules cannot act: their threads do not start.", NULL);
        capturebox_fill(s);
        limits_open(s);
        s->rules.stirred_usec = clock_boottime_nsec() / 1000;
        round_begin(s);
        return 0;
}

/* What the kernel tells by itself need not be asked for. */
static void heralds_watch(Supervisor *s) {
        uint64_t id;
        char path[4352];

        while ((id = watchlist_next_herald(s->rules.judging.watchlist)))
                if (tree_path(s->tree, id, path, sizeof(path)) >= 0)
                        (void) eventswatch_add(s->eventswatch, id, path, 0);
}

void rules_batch(Supervisor *s, const EyesAnswer *answer) {
        Rules *r = &s->rules;
        uint64_t now = clock_boottime_nsec() / 1000, next;
        bool again;

        if (!answer->batch->away || answer->batch->cookie != answer->cookie)
                return;
        answer->batch->away = false;
        for (size_t i = 0; r->limits && i < answer->batch->n_marks; i++)
                limitwatch_took(r->limits, answer->batch->marks[i].id, answer->batch->marks[i].wds);
        guards_took(s, answer->batch);
        verdicts_overdue(s);
        captures_round(s, answer->batch, now);
        again = judging_round(&r->judging, answer->batch, now, verdicts_decided, s);
        captures_round_done(s);
        if (r->timer)
                (void) sd_event_source_set_enabled(r->timer, SD_EVENT_OFF);
        heralds_watch(s);
        next = next_round(s, again, now);
        if (watchlist_pairs(r->judging.watchlist) > 0 && next != UINT64_MAX)
                state_timer(s, &r->timer, next, on_round);
}

int rules_open(Supervisor *s) {
        Rules *r = &s->rules;
        int e = watchlist_new(&r->judging.watchlist);

        if (e < 0)
                return e;
        r->judging.tree = s->tree;
        if (proc_cgroup(1, r->judging.init_path, sizeof(r->judging.init_path), NULL) < 0)
                (void) snprintf(r->judging.init_path, sizeof(r->judging.init_path), "/init.scope");
        if (proc_cgroup(getpid(), r->judging.own_path, sizeof(r->judging.own_path), NULL) < 0)
                r->judging.own_path[0] = '\0';
        e = sd_event_add_defer(s->event, &r->kick, on_kick, s);
        if (e < 0)
                return e;
        _Static_assert(sizeof(JudgingMemory) <= SPOOL_ROOM, "it lies in the spool");
        r->judging.memory = spool_room(s->spool);
        judging_recall(&r->judging, clock_boottime_nsec() / 1000);
        pauses_load(s);
        levers_thaw(s->spool, &s->fs);
        return sd_event_source_set_enabled(r->kick, SD_EVENT_OFF);
}

void rules_close(Supervisor *s) {
        Rules *r = &s->rules;
        bool away = false;

        verdicts_close(s);
        r->lever_timer = sd_event_source_disable_unref(r->lever_timer);
        r->timer = sd_event_source_disable_unref(r->timer);
        r->pause_timer = sd_event_source_disable_unref(r->pause_timer);
        r->kick = sd_event_source_disable_unref(r->kick);
        r->limits_io = sd_event_source_disable_unref(r->limits_io);
        r->limits_timer = sd_event_source_disable_unref(r->limits_timer);
        guards_clear(s);
        r->judging.watchlist = watchlist_free(r->judging.watchlist);
        /* What an eye still has stays its own. */
        for (size_t i = 0; i < ELEMENTSOF(r->batches); i++) {
                away = away || r->batches[i].away;
                if (!r->batches[i].away)
                        batch_done(&r->batches[i]);
        }
        if (!away)
                r->limits = limitwatch_free(r->limits);
}

/* ---- how they stand ---- */

static json_t *escaped(const char *raw) {
        char text[4096];
        Strbuf b = STRBUF_INIT(text);

        text[0] = '\0';
        escape_text(&b, raw);
        return json_string(text);
}

static const char *state_word(const Supervisor *s, const WatchlistMatch *m, uint64_t now_usec) {
        if (m->judge.acting)
                return "acting";
        if (!m->judge.crossed)
                return judge_near(&m->judge, m->rule) ? "waiting" : "calm";
        if (m->judge.exhausted)
                return "exhausted";
        if (now_usec < m->judge.settle_until_usec)
                return "settling";
        if (judging_paused(&s->rules.judging, m->cgroup->id))
                return "paused";
        return judging_kill_limit(&s->rules.judging, now_usec) ? "kill_limit" : "holds";
}

static json_t *match_json(Supervisor *s, const WatchlistMatch *m) {
        uint64_t now = clock_boottime_nsec() / 1000;
        char conditions[1024], at[256];
        Strbuf b = STRBUF_INIT(conditions);
        json_t *o = json_object();

        conditions[0] = '\0';
        verdict_say_conditions(&b, m->rule, &m->judge);
        json_object_set_new(o, "rule", escaped(m->rule->name));
        json_object_set_new(o, "rule_at", escaped(origin_format(&m->rule->at, at, sizeof(at))));
        json_object_set_new(o, "state", json_string(state_word(s, m, now)));
        json_object_set_new(o, "matches", json_true());
        json_object_set_new(o, "conditions", json_string(conditions));
        json_object_set_new(o, "dry_run", json_boolean(m->rule->dry_run.value || watchlist_mode(s->rules.judging.watchlist) == REEVE_MODE_DRY_RUN));
        return o;
}

/* A cgroup may be a candidate of rules that match another: then what shelters it matters, and where they stand. */
static json_t *candidacy_json(Supervisor *s, const WatchlistMatch *m, uint64_t id) {
        uint64_t candidate = watchlist_candidate(s->tree, m, id);
        JudgeEverywhere everywhere = judging_everywhere(&s->rules.judging);
        JudgeShelter shelter = JUDGE_OPEN;
        const char *never = NULL;
        json_t *o = match_json(s, m);

        if (candidate)
                shelter = watchlist_shelter(s->rules.judging.watchlist, s->tree, m, &everywhere, candidate, &never);
        json_object_set_new(o, "matches", json_boolean(id == m->cgroup->id));
        json_object_set_new(o, "of", escaped(m->cgroup->path));
        json_object_set_new(o, "candidate", json_boolean(candidate != 0));
        json_object_set_new(o, "protected_by", shelter == JUDGE_OPEN ? json_null() : json_string(judge_shelter_to_string((int) shelter)));
        json_object_set_new(o, "never", never ? escaped(never) : json_null());
        return o;
}

json_t *rules_standing(Supervisor *s, uint64_t id) {
        Watchlist *w = s->rules.judging.watchlist;
        json_t *list = json_array();

        if (!w)
                return list;
        /* Most sleep. */
        watchlist_rouse_over(w, s->tree, id, STANDING_MAX);
        for (size_t i = 0, others = 0; i < watchlist_count(w) && others < STANDING_MAX; i++) {
                const WatchlistMatch *m = watchlist_match(w, i);
                bool over = m->cgroup->id == id || tree_below(s->tree, id, m->cgroup->id);

                if (!over && !watchlist_candidate(s->tree, m, id))
                        continue;
                others += !over;
                json_array_append_new(list, candidacy_json(s, m, id));
        }
        return list;
}
