#include "supervisor/flow/rules.h"

#include <stdio.h>
#include <string.h>

#include "policies/match.h"
#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/flow/verdicts.h"
#include "supervisor/host/proc.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/verdictrecord.h"

/* So long a round may be away with an eye before another begins beside it. */
enum { PATIENCE_USEC = 2000000, BUSY_USEC = 100000 };

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

        if (watchlist_count(r->watchlist) == 0)
                return;
        b = batch_idle(r, now);
        if (b) {
                batch_clear(b);
                b->began_usec = now;
                look.batch = b;
                look.cookie = b->cookie = ++s->next_cookie;
                b->away = watchlist_plan(r->watchlist, s->tree, b) == 0 && eyes_post(s->eyes, &look);
        }
        /* The answer sets the next; this one is for when none comes. */
        state_timer(s, &r->timer, b && b->away ? PATIENCE_USEC : BUSY_USEC, on_round);
}

static int on_round(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        round_begin(userdata);
        return 0;
}

/* A rule matches something: from now on there are rounds. */
static int on_kick(sd_event_source *source, void *userdata) {
        Supervisor *s = userdata;

        (void) source;
        if (watchlist_count(s->rules.watchlist) == 0)
                return 0;
        if (verdicts_open(s) < 0)
                state_say(s, "watch_lost", "Rules cannot act: their threads do not start.", NULL);
        round_begin(s);
        return 0;
}

static bool kin(const Supervisor *s, uint64_t a, uint64_t b) {
        return a == b || tree_below(s->tree, a, b) || tree_below(s->tree, b, a);
}

/* Two that are kin share a shortage: while one is acted on, or freed memory may still show, the other waits. */
static bool held_by_kin(Supervisor *s, const WatchlistMatch *m, uint64_t now_usec) {
        uint64_t settle = m->rule->settle_usec ? m->rule->settle_usec : JUDGE_SETTLE_USEC;

        /* The newest kill is remembered over a reload, which makes all rules new. */
        if (s->rules.n_kills > 0 && now_usec - s->rules.last_kill_usec < settle && kin(s, m->cgroup->id, s->rules.last_match_id))
                return true;
        for (size_t i = 0; i < watchlist_count(s->rules.watchlist); i++) {
                const WatchlistMatch *other = watchlist_match(s->rules.watchlist, i);

                if (other == m || (!other->judge.acting && now_usec >= other->judge.settle_until_usec))
                        continue;
                if (kin(s, other->cgroup->id, m->cgroup->id))
                        return true;
        }
        return false;
}

/* Returns whether a second look is wanted at once. */
static bool judge_one(Supervisor *s, WatchlistMatch *m, uint64_t now_usec) {
        bool before = m->twice;

        m->twice = false;
        switch (judge_look(&m->judge, m->rule, &m->seen, &s->rules.host, now_usec)) {
        case JUDGE_CHOOSE:
                if (held_by_kin(s, m, now_usec))
                        return false;
                if (before)
                        verdicts_choose(s, m);
                else
                        m->twice = true;
                return m->twice;
        case JUDGE_CLEARED:
        case JUDGE_NOTHING:
                if (before && !m->judge.crossed)
                        verdicts_recovered(s, m);
                return false;
        }
        return false;
}

void rules_batch(Supervisor *s, const EyesAnswer *answer) {
        Rules *r = &s->rules;
        uint64_t now = clock_boottime_nsec() / 1000;
        bool again = false;

        if (!answer->batch->away || answer->batch->cookie != answer->cookie)
                return;
        answer->batch->away = false;
        r->host = answer->batch->host;
        watchlist_take(r->watchlist, answer->batch);
        for (size_t i = 0; i < watchlist_count(r->watchlist); i++)
                again = judge_one(s, watchlist_match(r->watchlist, i), now) || again;
        if (r->timer)
                (void) sd_event_source_set_enabled(r->timer, SD_EVENT_OFF);
        if (watchlist_count(r->watchlist) > 0)
                state_timer(s, &r->timer, again ? 1000 : watchlist_interval(r->watchlist, &r->host), on_round);
}

int rules_open(Supervisor *s) {
        Rules *r = &s->rules;
        int e = watchlist_new(&r->watchlist);

        if (e < 0)
                return e;
        if (proc_cgroup(1, r->init_path, sizeof(r->init_path), NULL) < 0)
                (void) snprintf(r->init_path, sizeof(r->init_path), "/init.scope");
        if (proc_cgroup(getpid(), r->own_path, sizeof(r->own_path), NULL) < 0)
                r->own_path[0] = '\0';
        e = sd_event_add_defer(s->event, &r->kick, on_kick, s);
        if (e < 0)
                return e;
        return sd_event_source_set_enabled(r->kick, SD_EVENT_OFF);
}

void rules_close(Supervisor *s) {
        Rules *r = &s->rules;

        verdicts_close(s);
        r->timer = sd_event_source_disable_unref(r->timer);
        r->kick = sd_event_source_disable_unref(r->kick);
        r->watchlist = watchlist_free(r->watchlist);
        /* What an eye still has stays its own. */
        for (size_t i = 0; i < ELEMENTSOF(r->batches); i++)
                if (!r->batches[i].away)
                        batch_done(&r->batches[i]);
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
        return verdicts_kill_limit(s) ? "kill_limit" : "holds";
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
        json_object_set_new(o, "dry_run", json_boolean(m->rule->dry_run.value || watchlist_mode(s->rules.watchlist) == REEVE_MODE_DRY_RUN));
        return o;
}

/* A cgroup may be a candidate of rules that match another: then what shelters it matters, and where they stand. */
static json_t *candidacy_json(Supervisor *s, const WatchlistMatch *m, const char *path) {
        json_t *o = match_json(s, m);
        JudgeEverywhere everywhere = { .never = &watchlist_config(s->rules.watchlist)->reeve.never, .init_path = s->rules.init_path,
                                       .own_path = s->rules.own_path };
        const char *never = NULL;
        JudgeShelter shelter = judge_shelter(m->rule, &everywhere, path, &never);

        json_object_set_new(o, "matches", json_boolean(strcmp(path, m->cgroup->path) == 0));
        json_object_set_new(o, "of", escaped(m->cgroup->path));
        json_object_set_new(o, "protected_by", shelter == JUDGE_OPEN ? json_null() : json_string(judge_shelter_to_string((int) shelter)));
        json_object_set_new(o, "never", never ? escaped(never) : json_null());
        return o;
}

json_t *rules_standing(Supervisor *s, uint64_t id) {
        json_t *list = json_array();
        char path[4352];

        if (!s->rules.watchlist || tree_path(s->tree, id, path, sizeof(path)) < 0)
                return list;
        for (size_t i = 0; i < watchlist_count(s->rules.watchlist); i++) {
                const WatchlistMatch *m = watchlist_match(s->rules.watchlist, i);

                if (m->cgroup->id == id || tree_below(s->tree, id, m->cgroup->id))
                        json_array_append_new(list, candidacy_json(s, m, path));
        }
        return list;
}
