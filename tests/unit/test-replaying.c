/* A captured run, replayed, gives the recorded verdicts, byte for byte: whatever happened, wherever the capture begins, whether it
 * is of all or of what is hot only. The seed is printed; REEVE_SEED=N repeats a run. */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "configs.h"
#include "supervisor/observe/capturing.h"
#include "supervisor/observe/replaying.h"

#define SEC UINT64_C(1000000)
enum { MB = 1 << 20, GROUPS = 12, TEXT = 8 << 20, DOING = 16 };

static const char text_of_rules[] =
        "[reeve]\nMode=act\nKillLimit=20 per 1min\nNever=/a/keep\n"
        "[rule squeeze]\nMatch=/a\nWhen=unreclaimable > 60%\nWhen=memory.full over 1s > 5% for 400ms\nThen=notify\nThen=reclaim 16M\nThen=term 1s\nThen=kill\n"
        "Rank=growth size\nSettleSec=2s\nStepUp=2\nPrefer=comm:job*\nAvoid=comm:keep\n"
        "[rule stall]\nMatch=/**\nWhen=memory.some over 2s > 50%\nThen=kill\nRank=pressure swap\nAvoid=/a/2\nSettleSec=1s\n"
        "[rule dry]\nMatch=/a\nWhen=usage > 50%\nThen=kill\nDryRun=yes\nSettleSec=3s\n"
        "[rule host]\nMatch=/\nWhen=host.available < 10%\nThen=kill\nCandidates=/a/* /b\nAvoid=comm:keep comm:other\nNever=/a/1/sub\nSettleSec=2s\n"
        "[rule far]\nMatch=/b /a/2\nWhen=memory.some over 500ms > 10%\nWhen=memory.some over 20s > 1%\nWhen=usage > 1M\n"
        "When=growth over 4s > 1K\nThen=notify\nThen=freeze 1s\nSettleSec=1s\n"
        "[rule one]\nMatch=/a/* /b\nWhen=unreclaimable > 50%\nVictim=process\nPrefer=comm:b*\nAvoid=comm:a\nThen=term 1s\nThen=kill\nSettleSec=1s\n"
        "[rule maybe]\nMatch=/a/3 /b\nWhen=unreclaimable > 55%\nVictim=process\nThen=kill\nDryRun=yes\nSettleSec=2s\n"
        "[rule max]\nMatch=/b\nWhen=max > 3 per 2s\nThen=notify\nThen=kill\n";

/* A host that a test makes up. */
typedef struct Host {
        Tree *tree;
        Judging judging;
        JudgingMemory memory;
        Batch batch;
        Config *config;
        struct { uint64_t id; char path[32]; Reading r; bool populated, alive; } groups[GROUPS + 2];
        size_t n;
        uint64_t now, next_cookie, next_id;
        struct { uint64_t cookie, match_id, victim_id, due; char rule[64]; JudgeVerdict verdict;
                 VerdictNote note; bool to_look; } doing[DOING];
        Capturing captures[3];
        uint64_t verdicts[3], looked;
} Host;

static unsigned below(unsigned n) {
        return (unsigned) random() % n;
}

static void born(Host *h, const char *path) {
        size_t i = h->n++;

        h->groups[i].id = h->next_id++;
        (void) snprintf(h->groups[i].path, sizeof(h->groups[i].path), "%s", path);
        h->groups[i].alive = h->groups[i].populated = true;
        h->groups[i].r = (Reading) { .limit = 400 * MB, .swap_limit = 100 * MB, .throttle = READING_UNLIMITED,
                                     .unreclaimable = (int64_t) below(60) * MB };
        assert_true(tree_learn(h->tree, &(TreeBirth) { .id = h->groups[i].id, .path = path, .owner = 0 }) > 0);
        for (int k = 0; k < 3; k++)
                capturing_born(&h->captures[k], h->groups[i].id);
        (void) watchlist_born(h->judging.watchlist, h->groups[i].id, path);
}

static void host_init(Host *h) {
        static const char *const paths[] = { "/a", "/b", "/a/1", "/a/1/sub", "/a/2", "/a/3", "/a/keep", "/b/x", "/b/y", "/init.scope" };
        Complaints complaints;

        *h = (Host) { .now = 1000 * SEC, .next_cookie = 1, .next_id = 2 };
        if (parse(text_of_rules, &h->config, &complaints) < 0)
                fail_msg("%s", complaints.items[0].message);
        complaints_done(&complaints);
        assert_int_equal(tree_new(&h->tree, &(TreeOptions) { .max_groups = 1000 }, 1), 0);
        assert_int_equal(watchlist_new(&h->judging.watchlist), 0);
        watchlist_configure(h->judging.watchlist, h->config, REEVE_MODE_ACT);
        h->judging.tree = h->tree;
        h->judging.memory = &h->memory;
        (void) snprintf(h->judging.init_path, sizeof(h->judging.init_path), "/init.scope");
        for (int k = 0; k < 3; k++) {
                Capturing *c = &h->captures[k];

                c->judging = &h->judging;
                c->head = (CaptureHead) { .boot_id = "b", .ledger_id = "l", .page_size = 4096, .root_id = 1 };
                c->out = (Strbuf) { .data = malloc(TEXT), .size = TEXT };
                assert_non_null(c->out.data);
        }
        (void) watchlist_born(h->judging.watchlist, 1, "/");
        for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
                born(h, paths[i]);
}

static void host_done(Host *h) {
        for (size_t i = 0; i < DOING; i++)
                if (h->doing[i].cookie && h->doing[i].to_look)
                        verdict_note_clear(&h->doing[i].note);
        for (int k = 0; k < 3; k++) {
                free(h->captures[k].out.data);
                capturing_clear(&h->captures[k]);
        }
        h->judging.watchlist = watchlist_free(h->judging.watchlist);
        h->tree = tree_free(h->tree);
        h->config = config_unref(h->config);
        batch_done(&h->batch);
}

/* ---- as flow/verdicts does ---- */

static void ended(Host *h, uint64_t match_id, const char *rule, uint64_t cookie, const JudgeVerdict *v, uint64_t victim, ReeveOutcome outcome,
                  bool known, uint64_t now) {
        judging_done(&h->judging, watchlist_named(h->judging.watchlist, match_id, rule), match_id, v, victim, outcome, now);
        for (int k = 0; k < 3; k++)
                capturing_done(&h->captures[k], cookie, now, outcome, known, victim);
}

static bool decided(WatchlistMatch *m, const VerdictDecision *d, void *userdata) {
        const JudgeVerdict *v = d->verdict;
        ReeveOutcome outcome;
        Host *h = userdata;
        size_t slot = 0;
        VerdictNote note;
        CaptureVerdict c = { .cookie = h->next_cookie++, .time_usec = d->now_usec, .match_id = m->cgroup->id, .action = v->action, .step = v->step,
                             .dry_run = v->dry_run, .reason = v->reason };
        bool known, one;

        c.victim_id = v->victim < d->n ? d->candidates[v->victim].id : m->cgroup->id;
        assert_int_equal(verdict_note(&note, d), 0);
        c.members = note.members;
        c.members_length = strlen(note.members);
        for (int k = 0; k < 3; k++) {
                h->verdicts[k] += h->captures[k].whole;
                capturing_decided(&h->captures[k], &c, m->rule->name);
        }
        one = m->rule->victim.value == RULE_VICTIM_PROCESS && (v->action == RULE_TERM || v->action == RULE_KILL);
        if (!one)
                verdict_note_clear(&note);
        if (!one && judging_at_once(v, &known, &outcome)) {
                ended(h, c.match_id, m->rule->name, c.cookie, v, c.victim_id, outcome, known, d->now_usec);
                return true;
        }
        while (slot < DOING && h->doing[slot].cookie)
                slot++;
        assert_true(slot < DOING);
        h->doing[slot].cookie = c.cookie;
        h->doing[slot].match_id = c.match_id;
        h->doing[slot].victim_id = c.victim_id;
        h->doing[slot].verdict = *v;
        h->doing[slot].to_look = one;
        h->doing[slot].note = one ? note : (VerdictNote) { .members = NULL };
        h->doing[slot].due = d->now_usec + below(3 * (unsigned) SEC);
        (void) snprintf(h->doing[slot].rule, sizeof(h->doing[slot].rule), "%s", m->rule->name);
        return true;
}

/* Looks at who is in the chosen cgroup; of a dry run, or without anybody, that is the end. */
static void hand_looks(Host *h, size_t i) {
        WatchlistMatch *m = watchlist_named(h->judging.watchlist, h->doing[i].match_id, h->doing[i].rule);
        PickProcess p[14] = { { .pid = 0 } };
        size_t n = below(14), open = 0;
        bool dry = h->doing[i].verdict.dry_run;

        for (size_t k = 0; k < n; k++) {
                p[k] = (PickProcess) { .pid = 1 + (int) k * 3, .start_usec = below(3), .pages = below(1000), .adj = below(5) ? 0 : -1000 };
                (void) snprintf(p[k].comm, sizeof(p[k].comm), "%c \\\n%u", 'a' + (int) below(3), below(3));
        }
        if (m && n > 0) {
                open = pick_rank(m->rule, &m->judge, 100000, p, n);
                assert_int_equal(verdict_note_processes(&h->doing[i].note, p, n, open), 0);
                for (int k = 0; k < 3; k++)
                        capturing_looked(&h->captures[k], h->doing[i].cookie, 100000, p, n, open, h->doing[i].note.members);
                h->looked++;
        }
        verdict_note_clear(&h->doing[i].note);
        h->doing[i].to_look = false;
        if (open > 0 && !dry) {
                h->doing[i].victim_id = pick_key(&p[0]);
                h->doing[i].due = h->now + below(2 * (unsigned) SEC);
                return;
        }
        ended(h, h->doing[i].match_id, h->doing[i].rule, h->doing[i].cookie, &h->doing[i].verdict, h->doing[i].victim_id,
              n == 0 || !m ? REEVE_OUTCOME_GONE : open ? REEVE_OUTCOME_DONE : REEVE_OUTCOME_INEFFECTIVE, open == 0, h->now);
        h->doing[i].cookie = 0;
}

static void hands(Host *h) {
        for (size_t i = 0; i < DOING; i++) {
                ReeveOutcome outcome = below(4) ? REEVE_OUTCOME_DONE : (ReeveOutcome) below(REEVE_OUTCOME_GONE + 1);

                if (!h->doing[i].cookie || h->doing[i].due > h->now)
                        continue;
                if (h->doing[i].to_look) {
                        hand_looks(h, i);
                        continue;
                }
                ended(h, h->doing[i].match_id, h->doing[i].rule, h->doing[i].cookie, &h->doing[i].verdict, h->doing[i].victim_id, outcome, true, h->now);
                h->doing[i].cookie = 0;
        }
}

/* ---- what happens ---- */

static void grow(Host *h) {
        for (size_t i = 0; i < h->n; i++) {
                Reading *r = &h->groups[i].r;
                unsigned mood = (unsigned) (h->now / (20 * SEC) + i) % 4;

                r->unreclaimable += (int64_t) (mood == 0 ? below(12 * MB) : mood == 1 ? 0 : below(4 * MB)) - (mood == 2 ? 9 * MB : 0);
                if (r->unreclaimable < 0 || r->unreclaimable > 380 * MB)
                        r->unreclaimable = (int64_t) below(50) * MB;
                r->current = r->unreclaimable + (int64_t) below(30) * MB;
                r->swap = mood == 0 ? r->swap + (int64_t) below(MB) : 0;
                r->some_usec += mood == 0 ? below(200000) : 0;
                r->full_usec += mood == 0 ? below(100000) : 0;
                r->max += mood == 0 && below(3) == 0;
                r->refault += below(100000);
                h->groups[i].populated = below(40) != 0;
        }
}

/* What an ancestor shows of those below it. */
static void tally(const Host *h, BatchTally *t) {
        t->time_usec = h->now - 1500;
        for (size_t i = 0; i < h->n; i++)
                if (tree_below(h->tree, h->groups[i].id, t->id)) {
                        t->current += h->groups[i].r.current;
                        t->events += batch_events(&h->groups[i].r);
                        t->some_usec = h->groups[i].r.some_usec > t->some_usec ? h->groups[i].r.some_usec : t->some_usec;
                }
}

static void look(Host *h) {
        batch_clear(&h->batch);
        h->batch.began_usec = h->now - 2000;
        assert_int_equal(watchlist_plan(h->judging.watchlist, h->tree, &h->batch), 0);
        h->batch.host = (HostReading) { .total = INT64_C(4000) * MB, .available = h->now / (35 * SEC) % 3 ? INT64_C(2000) * MB : INT64_C(200) * MB,
                                        .swap_total = 0, .swap_free = 0 };
        for (size_t i = 0; i < h->batch.n_tallies; i++)
                tally(h, &h->batch.tallies[i]);
        for (size_t i = 0; i < h->batch.n; i++) {
                BatchItem *item = &h->batch.items[i];

                if (item->given)
                        continue;
                for (size_t k = 0; k < h->n; k++)
                        if (h->groups[k].id == item->id) {
                                item->quick = item->quick && below(2);
                                item->gone = !h->groups[k].alive;
                                item->reading = h->groups[k].r;
                                item->populated = h->groups[k].populated;
                                item->oom_group = k == 2;
                                item->marks = k % 5 == 3 ? JUDGE_MARK_AVOID : k == 7 ? JUDGE_MARK_OMIT : 0;
                                item->owner = k == 8 ? 1000 : 0;
                                item->comms = item->comms_wanted ? COMMS_KNOWN | below(8) : 0;
                                item->bound_id = !item->bound_wanted ? 0 : below(3) ? 3 : BATCH_BOUND_HOST;
                        }
                if (item->id == 1)
                        item->reading = (Reading) { .limit = READING_UNLIMITED, .current = 3000 * (int64_t) MB, .unreclaimable = READING_UNKNOWN };
                item->reading.time_usec = h->now - below(1000);
        }
}

static void churn(Host *h) {
        char path[32];
        size_t i = h->n - 1;

        if (h->n > 10 && below(2)) {
                h->groups[i].alive = false;
                for (int k = 0; k < 3; k++)
                        capturing_died(&h->captures[k], h->groups[i].id);
                watchlist_died(h->judging.watchlist, h->groups[i].id);
                tree_died(h->tree, h->groups[i].id, NULL, h->now * 1000);
                h->n--;
        } else if (h->n < GROUPS) {
                (void) snprintf(path, sizeof(path), "/a/new-%u", below(1000000));
                born(h, path);
        }
}

static void begin(Host *h, int k) {
        capturing_begin(&h->captures[k], h->now, INT64_C(1800000000000000));
        for (size_t i = 0; i < DOING; i++)
                if (h->doing[i].cookie) {
                        CaptureVerdict v = { .cookie = h->doing[i].cookie, .match_id = h->doing[i].match_id, .victim_id = h->doing[i].victim_id,
                                             .action = h->doing[i].verdict.action, .step = h->doing[i].verdict.step,
                                             .dry_run = h->doing[i].verdict.dry_run, .reason = h->doing[i].verdict.reason };

                        capturing_pending(&h->captures[k], &v, h->doing[i].rule);
                }
        assert_true(h->captures[k].whole);
}

/* Capture 0 is of all, from the beginning; 1 of all, from the middle; 2 of what is hot, in several sections. */
static void run(Host *h, int rounds) {
        for (int i = 0; i < rounds; i++) {
                h->now += 150000 + below(100000);
                grow(h);
                if (below(15) == 0)
                        churn(h);
                if (i == 0 || (i == rounds / 3))
                        begin(h, i ? 1 : 0);
                if (i % 97 == 20)
                        begin(h, 2);
                if (i == rounds / 2) {
                        h->judging.pauses[0] = (JudgingPause) { .cgroup_id = 2, .path = "/a" };
                        h->judging.n_pauses = 1;
                }
                if (i == rounds / 2 + 40)
                        h->judging.n_pauses = 0;
                hands(h);
                look(h);
                for (int k = 0; k < 3; k++)
                        capturing_round(&h->captures[k], &h->batch, h->now);
                (void) judging_round(&h->judging, &h->batch, h->now, decided, h);
        }
}

typedef struct Differences {
        char first[4096];
        size_t n;
} Differences;

static void difference(const ReplayEvent *e, void *userdata) {
        Differences *d = userdata;

        if (e->stand == REPLAY_SAME && e->exact)
                return;
        if (d->n++ == 0)
                (void) snprintf(d->first, sizeof(d->first), "stand %d at %llu: rule %s on %s, action %d, reason %d, %s\n%.*s", (int) e->stand,
                                (unsigned long long) e->time_usec, e->rule ? e->rule : "", e->cgroup, e->action, (int) e->reason, e->why,
                                (int) e->members_length, e->members ? e->members : "");
}

static void replayed(const Host *h, int k, Config *config, ReplaySums *ret, Differences *differences) {
        ReplayOptions options = { .config = config, .tell = difference, .userdata = differences };
        CaptureError why;
        int r;

        *differences = (Differences) { .n = 0 };
        r = replay_run(h->captures[k].out.data, h->captures[k].out.length, &options, ret, &why);
        if (r < 0)
                fail_msg("capture %d: %d, line %llu: %s", k, r, (unsigned long long) why.line, why.text);
}

static void test_a_replay_gives_the_recorded_verdicts(void **state) {
        (void) state;
        for (int round = 0; round < 12; round++) {
                Host h;

                host_init(&h);
                h.captures[0].all = h.captures[1].all = true;
                run(&h, 900);
                assert_true(h.looked > 5);
                for (int k = 0; k < 3; k++) {
                        ReplaySums sums;
                        Differences d;

                        assert_int_equal(h.captures[k].lost, 0);
                        replayed(&h, k, NULL, &sums, &d);
                        if (d.n > 0 || sums.exact != h.verdicts[k])
                                fail_msg("run %d, capture %d: %zu of %llu differ (%llu exact); first: %s", round, k, d.n,
                                         (unsigned long long) h.verdicts[k], (unsigned long long) sums.exact, d.first);
                        /* A run in which nothing was decided shows nothing. */
                        assert_true(sums.exact > 5);
                        assert_true(sums.own_config);
                }
                host_done(&h);
        }
}

/* Other rules judge otherwise; what the recorded ones decided is told as missing. */
static void test_other_rules_judge_otherwise(void **state) {
        Complaints complaints;
        Config *none = NULL, *eager = NULL;
        Differences d;
        ReplaySums sums;
        Host h;

        (void) state;
        assert_int_equal(parse("[reeve]\nMode=act\n", &none, &complaints), 0);
        assert_int_equal(parse("[rule eager]\nMatch=/a/*\nWhen=unreclaimable > 1M\nThen=kill\nSettleSec=1s\n", &eager, &complaints), 0);
        host_init(&h);
        h.captures[0].all = true;
        run(&h, 500);
        replayed(&h, 0, none, &sums, &d);
        assert_int_equal(sums.verdicts, 0);
        assert_int_equal(sums.missing, h.verdicts[0]);
        assert_false(sums.own_config);
        replayed(&h, 0, eager, &sums, &d);
        assert_true(sums.new_ones > 0);
        assert_int_equal(sums.missing, h.verdicts[0]);
        assert_int_equal(sums.same, 0);
        host_done(&h);
        none = config_unref(none);
        eager = config_unref(eager);
}

typedef struct Processes {
        char target[2][256];            /* of the newest that is new, that is missing; "" before */
        size_t others;                  /* at one time of one cgroup, another process */
} Processes;

static void note_process(const ReplayEvent *e, void *userdata) {
        Processes *p = userdata;
        int which = e->stand == REPLAY_MISSING;

        if ((e->stand != REPLAY_NEW && e->stand != REPLAY_MISSING) || !strstr(e->target, " (pid "))
                return;
        (void) snprintf(p->target[which], sizeof(p->target[which]), "%s", e->target);
        if (which == 1 && p->target[0][0] && strcmp(p->target[0], p->target[1]) != 0)
                p->others++;
}

/* Who else would have been ended: who was there is in the capture. */
static void test_other_preferences_choose_other_processes(void **state) {
        Config *other = NULL;
        Processes seen = { .others = 0 };
        ReplayOptions options = { .tell = note_process, .userdata = &seen };
        CaptureError why;
        ReplaySums sums;
        char rules[4096], *prefer;
        Host h;

        (void) state;
        (void) snprintf(rules, sizeof(rules), "%s", text_of_rules);
        prefer = strstr(rules, "Prefer=comm:b*");
        assert_non_null(prefer);
        prefer[12] = 'c';
        other = config_of(rules);
        host_init(&h);
        h.captures[0].all = true;
        run(&h, 900);
        options.config = other;
        assert_int_equal(replay_run(h.captures[0].out.data, h.captures[0].out.length, &options, &sums, &why), 0);
        assert_true(seen.others > 0);
        assert_true(sums.same > 0);
        host_done(&h);
        other = config_unref(other);
}

/* What does not fit is left out and counted, and what stands there is whole. */
static void test_a_full_buffer_ends_the_section(void **state) {
        ReplaySums sums;
        Differences d;
        Host h;

        (void) state;
        host_init(&h);
        h.captures[0].all = true;
        h.captures[0].out.size = 60000;
        run(&h, 500);
        assert_false(h.captures[0].whole);
        assert_int_equal(h.captures[0].lost, 1);
        replayed(&h, 0, NULL, &sums, &d);
        assert_true(sums.rounds > 10);
        assert_int_equal(sums.new_ones, 0);
        host_done(&h);
}

static int seeded(void **state) {
        const char *given = getenv("REEVE_SEED");
        unsigned seed = given ? (unsigned) strtoul(given, NULL, 10) : (unsigned) time(NULL);

        (void) state;
        print_message("REEVE_SEED=%u\n", seed);
        srandom(seed);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_replay_gives_the_recorded_verdicts),
                cmocka_unit_test(test_other_rules_judge_otherwise),
                cmocka_unit_test(test_other_preferences_choose_other_processes),
                cmocka_unit_test(test_a_full_buffer_ends_the_section),
        };

        return cmocka_run_group_tests(tests, seeded, NULL);
}
