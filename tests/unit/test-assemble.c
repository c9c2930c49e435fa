#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "supervisor/attribute/assemble.h"

/* What the sink saw, with room for the victims since a Kill lives until the callback returns. */
typedef struct Seen {
        Kill kills[64];
        KillVictim victims[64][40];
        char limit_path[64][256], victim_path[64][256];
        size_t n_kills;
        Sigkill sigkills[64];
        size_t n_sigkills;
} Seen;

static void see_kill(const Kill *k, void *userdata) {
        Seen *s = userdata;
        size_t n = s->n_kills++;

        assert_true(n < 64);
        s->kills[n] = *k;
        for (size_t i = 0; i < k->n_victims && i < 40; i++)
                s->victims[n][i] = k->victims[i];
        snprintf(s->limit_path[n], 256, "%s", k->limit.path ? k->limit.path : "(none)");
        snprintf(s->victim_path[n], 256, "%s", k->n_victims && k->victims[0].cgroup.path ? k->victims[0].cgroup.path : "(none)");
}

static void see_sigkill(const Sigkill *k, void *userdata) {
        Seen *s = userdata;

        assert_true(s->n_sigkills < 64);
        s->sigkills[s->n_sigkills++] = *k;
}

typedef struct Bench {
        Assembler *a;
        void *memory;
        Seen *seen;
        AssembleSink sink;
} Bench;

static Bench bench(const AssembleOptions *o) {
        Bench b = { .memory = malloc(assemble_size(o)), .seen = calloc(1, sizeof(Seen)) };

        assert_non_null(b.memory);
        memset(b.memory, 0xa5, assemble_size(o));
        b.a = assemble_init(b.memory, o);
        b.sink = (AssembleSink) { .kill = see_kill, .sigkill = see_sigkill, .userdata = b.seen };
        return b;
}

static void bench_end(Bench *b) {
        free(b->memory);
        free(b->seen);
}

/* ---- evidence by the handful: /a (id 10, limit) / b (20) / c (30) ---- */

static Evidence oom(int32_t invoker, uint64_t t, uint64_t domain) {
        return (Evidence) {
                .kind = EVIDENCE_OOM, .time_nsec = t, .pid = invoker, .comm = "worker",
                .oom = { .domain = { .present = domain != 0, .id = domain, .usage_pages = 1024, .max_pages = 1024, .peak_pages = 1030,
                                     .swap_usage_pages = 3, .swap_max_pages = UINT64_C(0x7fffffffffffffff) / 4096,
                                     .counters_plausible = true },
                         .constraint = domain ? 3 : 0, .points = 777, .total_pages = 3072, .gfp = 0xcc0,
                         .message = domain ? "Memory cgroup out of memory" : "Out of memory" },
        };
}

static Evidence victim(int32_t invoker, uint64_t t, int32_t tgid, uint32_t level) {
        static const char *const names[] = { "", "a", "b", "c" };
        Evidence e = {
                .kind = EVIDENCE_VICTIM, .time_nsec = t, .pid = invoker, .comm = "worker",
                .victim = { .tgid = tgid, .tid = tgid, .start_nsec = (uint64_t) tgid * 1000, .comm = "java", .uid = 1000,
                            .uid_present = true, .oom_score_adj = 300, .cgroup_id = level * 10, .charged_id = level * 10,
                            .level = level, .mm_present = true, .anon_pages = 100, .file_pages = -3, .shmem_pages = 2,
                            .swap_pages = 1, .page_table_bytes = 4096 },
        };

        for (uint32_t i = 0; i <= level && i < 4; i++) {
                e.victim.ancestor_ids[i] = i ? i * 10 : 1;
                e.victim.names[i] = names[i];
        }
        e.victim.cgroup_id = level ? level * 10 : 1;
        return e;
}

static Evidence signal_of(int32_t invoker, uint64_t t, int32_t pid, int32_t result) {
        return (Evidence) { .kind = EVIDENCE_KERNEL_SIGKILL, .time_nsec = t, .pid = invoker,
                            .signal = { .signal = 9, .code = 128, .to_group = true, .pid = pid, .comm = "java", .result = result } };
}

static Evidence end(int32_t invoker, uint64_t t) {
        return (Evidence) { .kind = EVIDENCE_OOM_END, .time_nsec = t, .pid = invoker };
}

static void feed(Bench *b, Evidence e) {
        assemble_feed(b->a, &e, &b->sink);
}

/* ---- tests ---- */

static void test_a_plain_kill_is_whole(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });
        const Kill *k = b.seen->kills;
        const KillVictim *v = b.seen->victims[0];

        (void) state;
        feed(&b, oom(5, 1000, 30));
        feed(&b, victim(5, 1001, 99, 3));
        assert_int_equal(assemble_oldest(b.a), 1000);
        feed(&b, signal_of(5, 1002, 99, 0));
        assert_int_equal(b.seen->n_kills, 0);
        feed(&b, end(5, 1003));
        assert_int_equal(assemble_oldest(b.a), UINT64_MAX);
        assert_int_equal(b.seen->n_kills, 1);
        assert_int_equal(k->time_nsec, 1000);
        assert_int_equal(k->end_nsec, 1003);
        assert_int_equal(k->killer, REEVE_KILLER_KERNEL);
        assert_int_equal(k->scope, REEVE_SCOPE_SELF);
        assert_int_equal(k->reason, REEVE_REASON_OWN_LIMIT);
        assert_int_equal(k->selection, REEVE_SELECTION_BADNESS);
        assert_int_equal(k->constraint, REEVE_CONSTRAINT_MEMCG);
        assert_int_equal(k->limit_bytes, 1024 * 4096);
        assert_int_equal(k->limit_peak_bytes, 1030 * 4096);
        assert_int_equal(k->limit_swap_max_bytes, KILL_UNLIMITED);
        assert_true(k->victims_complete);
        assert_false(k->group_kill);
        assert_int_equal(k->confidence, REEVE_CONFIDENCE_CERTAIN);
        assert_string_equal(b.seen->limit_path[0], "/a/b/c");
        assert_string_equal(b.seen->victim_path[0], "/a/b/c");
        assert_string_equal(k->invoker_comm, "worker");
        assert_int_equal(k->n_victims, 1);
        assert_int_equal(v->tgid, 99);
        assert_int_equal(v->points, 777);
        assert_int_equal(v->anon_bytes, 100 * 4096);
        assert_int_equal(v->file_bytes, 0);
        assert_int_equal(v->why, REEVE_VICTIM_CHOSEN);
        assert_int_equal(assemble_stats(b.a)->confirmed, 1);
        bench_end(&b);
}

static void test_scope_killer_and_selection(void **state) {
        static const struct {
                const char *why;
                uint64_t domain, usage;
                int32_t order;
                uint32_t gfp, constraint;
                const char *message;
                ReeveKiller killer;
                ReeveScope scope;
                ReeveSelection selection;
                ReeveReason reason;
        } rows[] = {
                { "its own", 30, 1024, 0, 0xcc0, 3, "Memory cgroup out of memory", REEVE_KILLER_KERNEL, REEVE_SCOPE_SELF, REEVE_SELECTION_BADNESS, REEVE_REASON_OWN_LIMIT },
                { "an ancestor's", 10, 1024, 0, 0xcc0, 3, "Memory cgroup out of memory", REEVE_KILLER_KERNEL, REEVE_SCOPE_ANCESTOR, REEVE_SELECTION_BADNESS, REEVE_REASON_ANCESTOR_LIMIT },
                { "the host", 0, 0, 0, 0x140dca, 0, "Out of memory", REEVE_KILLER_KERNEL, REEVE_SCOPE_HOST, REEVE_SELECTION_BADNESS, REEVE_REASON_HOST_MEMORY },
                { "a cpuset's nodes", 0, 0, 0, 0x140dca, 1, "Out of memory", REEVE_KILLER_KERNEL, REEVE_SCOPE_HOST, REEVE_SELECTION_BADNESS, REEVE_REASON_NODE_MEMORY },
                { "sysrq-f", 0, 0, -1, 0xcc0, 0, "Out of memory", REEVE_KILLER_SYSRQ, REEVE_SCOPE_HOST, REEVE_SELECTION_SYSRQ, REEVE_REASON_SYSRQ },
                { "allocating task", 0, 0, 0, 0x140dca, 0, "Out of memory (oom_kill_allocating_task)", REEVE_KILLER_KERNEL, REEVE_SCOPE_HOST, REEVE_SELECTION_ALLOCATING_TASK, REEVE_REASON_HOST_MEMORY },
                { "a limit written", 30, 9000, 0, 0xcc0, 3, "Memory cgroup out of memory", REEVE_KILLER_KERNEL, REEVE_SCOPE_SELF, REEVE_SELECTION_LIMIT_WRITE, REEVE_REASON_LIMIT_WRITE },
                { "charges under way are no write", 30, 1024 + 64, 0, 0xcc0, 3, "Memory cgroup out of memory", REEVE_KILLER_KERNEL, REEVE_SCOPE_SELF, REEVE_SELECTION_BADNESS, REEVE_REASON_OWN_LIMIT },
                { "a page fault is no write", 30, 9000, 0, 0x100cca, 3, "Memory cgroup out of memory", REEVE_KILLER_KERNEL, REEVE_SCOPE_SELF, REEVE_SELECTION_BADNESS, REEVE_REASON_OWN_LIMIT },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Bench b = bench(&(AssembleOptions) { 0 });
                Evidence e = oom(5, 1000, rows[i].domain);
                const Kill *k = b.seen->kills;

                e.oom.domain.usage_pages = rows[i].usage;
                e.oom.order = rows[i].order;
                e.oom.gfp = rows[i].gfp;
                e.oom.constraint = rows[i].constraint;
                e.oom.message = rows[i].message;
                if (rows[i].domain == 0)
                        e.oom.domain.id = 4711;         /* stale bytes of a fetch through NULL */
                feed(&b, e);
                feed(&b, victim(5, 1001, 99, 3));
                feed(&b, signal_of(5, 1002, 99, 0));
                feed(&b, end(5, 1003));
                if (k->killer != rows[i].killer || k->scope != rows[i].scope || k->selection != rows[i].selection ||
                    k->reason != rows[i].reason || (rows[i].domain == 0 && k->limit.id != 0))
                        fail_msg("%s: killer %d scope %d selection %d reason %d", rows[i].why, k->killer, k->scope, k->selection, k->reason);
                bench_end(&b);
        }
}

static void test_a_group_kill_names_each_once(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });
        const Kill *k = b.seen->kills;

        (void) state;
        feed(&b, oom(5, 1000, 10));
        feed(&b, victim(5, 1001, 99, 3));
        feed(&b, signal_of(5, 1002, 99, 0));
        feed(&b, signal_of(5, 1003, 77, 0));            /* shares the mm; later gone through as a member */
        feed(&b, victim(5, 1004, 77, 1));
        feed(&b, signal_of(5, 1005, 77, 2));
        feed(&b, victim(5, 1006, 99, 3));
        feed(&b, signal_of(5, 1007, 99, 2));
        feed(&b, victim(5, 1008, 66, 1));               /* its mm was gone: no signal, not counted */
        feed(&b, victim(5, 1009, 55, 2));
        feed(&b, signal_of(5, 1010, 55, 0));
        feed(&b, end(5, 1011));
        assert_int_equal(k->n_victims, 3);
        assert_int_equal(b.seen->victims[0][0].tgid, 99);
        assert_int_equal(b.seen->victims[0][0].attempts, 2);
        assert_int_equal(b.seen->victims[0][0].confirmed, 2);
        assert_int_equal(b.seen->victims[0][1].tgid, 77);
        assert_int_equal(b.seen->victims[0][1].why, REEVE_VICTIM_GROUP);
        assert_int_equal(b.seen->victims[0][2].tgid, 55);
        assert_true(k->group_kill);
        assert_int_equal(k->attempts, 5);
        assert_int_equal(k->confirmed, 4);
        assert_int_equal(k->kill_cgroup.id, 10);
        assert_int_equal(k->group_deepest_id, 10);
        assert_int_equal(assemble_stats(b.a)->not_counted, 1);
        bench_end(&b);
}

static void test_group_below_the_limit_is_not_guessed(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, oom(5, 1000, 10));
        for (int i = 0; i < 2; i++) {
                feed(&b, victim(5, 1001, 99, 3));
                feed(&b, signal_of(5, 1002, 99, 0));
        }
        feed(&b, end(5, 1003));
        assert_true(b.seen->kills[0].group_kill);
        assert_int_equal(b.seen->kills[0].kill_cgroup.id, 0);
        assert_int_equal(b.seen->kills[0].group_deepest_id, 30);
        bench_end(&b);
}

static void test_the_probe_tells_the_group(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, oom(5, 1000, 10));
        for (int i = 0; i < 2; i++) {
                Evidence e = victim(5, 1001, 99, 3);

                e.victim.group_cgroup_id = i ? 20 : 0;
                e.victim.owner_known = true;
                e.victim.owner_present = i == 0;
                feed(&b, e);
                feed(&b, signal_of(5, 1002, 99, 0));
        }
        feed(&b, end(5, 1003));
        assert_int_equal(b.seen->kills[0].kill_cgroup.id, 20);
        assert_int_equal(b.seen->kills[0].ownerless, 1);
        bench_end(&b);
}

static void test_who_shares_the_mm_dies_too(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, oom(5, 1000, 30));
        feed(&b, victim(5, 1001, 99, 3));
        feed(&b, signal_of(5, 1002, 99, 0));
        feed(&b, signal_of(5, 1003, 77, 0));
        feed(&b, end(5, 1004));
        assert_int_equal(b.seen->kills[0].n_victims, 2);
        assert_int_equal(b.seen->victims[0][1].why, REEVE_VICTIM_SHARED_MM);
        assert_int_equal(b.seen->victims[0][1].tgid, 77);
        assert_int_equal(b.seen->kills[0].confirmed, 1);
        bench_end(&b);
}

static void test_without_a_signal_nobody_was_killed(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, oom(5, 1000, 30));
        feed(&b, victim(5, 1001, 99, 3));
        feed(&b, end(5, 1003));
        feed(&b, oom(5, 2000, 30));
        feed(&b, end(5, 2003));
        assert_int_equal(b.seen->n_kills, 0);
        assert_int_equal(assemble_stats(b.a)->not_counted, 1);
        assert_int_equal(assemble_stats(b.a)->empty, 2);
        bench_end(&b);
}

static void test_what_has_no_end_is_closed_and_says_so(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, oom(5, 1000, 30));
        feed(&b, victim(5, 1001, 99, 3));
        feed(&b, signal_of(5, 1002, 99, 0));
        feed(&b, oom(5, 2000, 30));
        assert_int_equal(b.seen->n_kills, 1);
        assert_false(b.seen->kills[0].victims_complete);
        feed(&b, victim(5, 2001, 98, 3));
        feed(&b, signal_of(5, 2002, 98, 0));
        assemble_expire(b.a, 5000002002, &b.sink);
        assert_int_equal(b.seen->n_kills, 1);
        assemble_expire(b.a, 5000002003, &b.sink);
        assert_int_equal(b.seen->n_kills, 2);
        assert_false(b.seen->kills[1].victims_complete);
        assert_int_equal(assemble_stats(b.a)->unclosed, 2);
        bench_end(&b);
}

static void test_what_is_fed_again_counts_once(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, oom(5, 1000, 30));
        feed(&b, victim(5, 1001, 99, 3));
        feed(&b, signal_of(5, 1002, 99, 0));
        assemble_forget(b.a);
        assert_int_equal(assemble_oldest(b.a), UINT64_MAX);
        feed(&b, oom(5, 1000, 30));
        feed(&b, victim(5, 1001, 99, 3));
        feed(&b, signal_of(5, 1002, 99, 0));
        feed(&b, oom(5, 2000, 30));
        assert_int_equal(b.seen->n_kills, 1);
        assert_int_equal(assemble_stats(b.a)->attempts, 1);
        assert_int_equal(assemble_stats(b.a)->confirmed, 1);
        bench_end(&b);
}

static void test_a_slow_console_loses_nothing(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, oom(5, 1000, 30));
        assemble_expire(b.a, UINT64_C(60000000000), &b.sink);
        feed(&b, victim(5, UINT64_C(60000000001), 99, 3));
        feed(&b, signal_of(5, UINT64_C(60000000002), 99, 0));
        feed(&b, end(5, UINT64_C(60000000003)));
        assert_int_equal(b.seen->n_kills, 1);
        assert_int_equal(b.seen->kills[0].scope, REEVE_SCOPE_SELF);
        assert_true(b.seen->kills[0].victims_complete);
        bench_end(&b);
}

/* The pass names the leader, which is dead; the kernel takes the thread that has the mm, and then who shares it. */
static void test_a_dead_leaders_thread_confirms(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });
        Evidence leader = victim(5, 1001, 96, 3);

        (void) state;
        leader.victim.mm_present = false;
        feed(&b, oom(5, 1000, 30));
        feed(&b, leader);
        feed(&b, signal_of(5, 1002, 97, 0));
        feed(&b, signal_of(5, 1003, 120, 0));
        feed(&b, end(5, 1004));
        assert_int_equal(b.seen->n_kills, 1);
        assert_int_equal(b.seen->n_sigkills, 0);
        assert_int_equal(b.seen->kills[0].confirmed, 1);
        assert_int_equal(b.seen->kills[0].n_victims, 2);
        assert_int_equal(b.seen->victims[0][0].tgid, 96);
        assert_int_equal(b.seen->victims[0][0].tid, 97);
        assert_int_equal(b.seen->victims[0][0].why, REEVE_VICTIM_CHOSEN);
        assert_int_equal(b.seen->victims[0][1].why, REEVE_VICTIM_SHARED_MM);
        assert_int_equal(assemble_stats(b.a)->not_counted, 0);
        bench_end(&b);
}

static void test_a_victim_without_its_head_is_kept(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, victim(5, 1001, 99, 3));
        feed(&b, signal_of(5, 1002, 99, 0));
        feed(&b, end(5, 1003));
        assert_int_equal(b.seen->n_kills, 1);
        assert_int_equal(b.seen->kills[0].scope, REEVE_SCOPE_UNKNOWN);
        assert_int_equal(b.seen->kills[0].confidence, REEVE_CONFIDENCE_LIKELY);
        assert_false(b.seen->kills[0].victims_complete);
        assert_true(b.seen->kills[0].group_unknown);
        assert_int_equal(b.seen->victims[0][0].why, KILL_WHY_UNKNOWN);
        bench_end(&b);
}

static Evidence lost(uint64_t from, uint64_t to) {
        return (Evidence) { .kind = EVIDENCE_LOST, .time_nsec = from, .lost.to_nsec = to };
}

/* One OOM from 1000 to 1003 beside an overrun of another CPU's ring: is it whole? */
static void test_an_overrun_meanwhile_makes_nothing_sure(void **state) {
        static const struct {
                const char *why;
                uint64_t from, to;
                bool before, complete;
        } rows[] = {
                { "begins while it is under way", 1001, 1500, false, false },
                { "was told before it began, and ends after", 900, 1002, true, false },
                { "was over before it began", 900, 999, true, true },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Bench b = bench(&(AssembleOptions) { 0 });

                if (rows[i].before)
                        feed(&b, lost(rows[i].from, rows[i].to));
                feed(&b, oom(5, 1000, 10));
                feed(&b, victim(5, 1001, 99, 3));
                if (!rows[i].before)
                        feed(&b, lost(rows[i].from, rows[i].to));
                feed(&b, signal_of(5, 1002, 99, 0));
                feed(&b, end(5, 1003));
                if (b.seen->n_kills != 1 || b.seen->kills[0].victims_complete != rows[i].complete ||
                    b.seen->kills[0].group_unknown == rows[i].complete || b.seen->kills[0].scope != REEVE_SCOPE_ANCESTOR)
                        fail_msg("%s", rows[i].why);
                bench_end(&b);
        }
}

static void test_bounds_are_counted(void **state) {
        Bench b = bench(&(AssembleOptions) { .max_victims = 2, .max_open = 1, .path_bytes = 8 });

        (void) state;
        feed(&b, oom(5, 1000, 30));
        for (int32_t i = 0; i < 4; i++) {
                feed(&b, victim(5, 1001, 90 + i, 3));
                feed(&b, signal_of(5, 1002, 90 + i, 0));
        }
        feed(&b, oom(6, 1500, 30));             /* pushes the first one out */
        assert_int_equal(b.seen->n_kills, 1);
        assert_int_equal(b.seen->kills[0].n_victims, 2);
        assert_int_equal(b.seen->kills[0].attempts, 4);
        assert_int_equal(b.seen->kills[0].confirmed, 4);
        assert_false(b.seen->kills[0].victims_complete);
        assert_int_equal(assemble_stats(b.a)->victims_left_out, 2);
        assert_int_equal(assemble_stats(b.a)->ooms_pushed_out, 1);
        assert_string_equal(b.seen->victim_path[0], "/a/b/c");
        assert_int_equal(assemble_oldest(b.a), 1500);
        bench_end(&b);
}

static void test_signals_that_are_no_oom(void **state) {
        static const struct { const char *why; EvidenceKind kind; int32_t code; bool to_group; ReeveKillMeans means; } rows[] = {
                { "kill -9", EVIDENCE_SIGNAL, 0, true, REEVE_MEANS_KILL },
                { "cgroup.kill", EVIDENCE_SIGNAL, 0, false, REEVE_MEANS_CGROUP_KILL },
                { "tgkill", EVIDENCE_SIGNAL, -6, false, REEVE_MEANS_KILL },
                { "a pid namespace ends", EVIDENCE_KERNEL_SIGKILL, 128, true, REEVE_MEANS_KERNEL },
        };
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                feed(&b, (Evidence) { .kind = rows[i].kind, .time_nsec = 7, .pid = 42,
                                      .signal = { .signal = 9, .code = rows[i].code, .to_group = rows[i].to_group, .pid = 99, .comm = "x" } });
                if (b.seen->n_sigkills != i + 1 || b.seen->sigkills[i].means != rows[i].means)
                        fail_msg("%s", rows[i].why);
                assert_int_equal(b.seen->sigkills[i].sender_tid, 42);
        }
        assert_int_equal(b.seen->n_kills, 0);
        bench_end(&b);
}

static int by_invoker(const void *x, const void *y) {
        const Kill *a = x, *b = y;

        return a->invoker_tid < b->invoker_tid ? -1 : a->invoker_tid > b->invoker_tid ? 1 : a->time_nsec < b->time_nsec ? -1 : 1;
}

/* However the streams of several invokers are shuffled together, the same kills come out. */
static void test_interleaving_changes_nothing(void **state) {
        enum { INVOKERS = 6, OOMS = 4, VICTIMS = 3, STEPS = OOMS * (2 + 2 * VICTIMS) };
        static Evidence streams[INVOKERS][STEPS];
        Kill want[64];
        size_t n_want = 0;

        (void) state;
        srand(20261120);
        for (int32_t i = 0; i < INVOKERS; i++)
                for (int o = 0; o < OOMS; o++) {
                        Evidence *s = &streams[i][o * (2 + 2 * VICTIMS)];
                        uint64_t t = (uint64_t) (1000 * i + 100 * o);

                        *s++ = oom(100 + i, t, (uint64_t) (10 * (1 + o % 3)));
                        for (int32_t v = 0; v < VICTIMS; v++) {
                                *s++ = victim(100 + i, t + 1, 1000 * i + 10 * o + v, 3);
                                *s++ = signal_of(100 + i, t + 2, 1000 * i + 10 * o + v, 0);
                        }
                        *s = end(100 + i, t + 3);
                }
        for (int round = 0; round < 200; round++) {
                Bench b = bench(&(AssembleOptions) { .max_victims = 16 });
                int at[INVOKERS] = { 0 }, left = INVOKERS * STEPS;

                while (left > 0) {
                        int i = round == 0 ? (INVOKERS * STEPS - left) / STEPS : rand() % INVOKERS;

                        if (at[i] == STEPS)
                                continue;
                        feed(&b, streams[i][at[i]++]);
                        left--;
                }
                qsort(b.seen->kills, b.seen->n_kills, sizeof(Kill), by_invoker);
                if (round == 0) {
                        n_want = b.seen->n_kills;
                        memcpy(want, b.seen->kills, n_want * sizeof(Kill));
                        assert_int_equal(n_want, INVOKERS * OOMS);
                }
                assert_int_equal(b.seen->n_kills, n_want);
                for (size_t i = 0; i < n_want; i++) {
                        assert_int_equal(b.seen->kills[i].time_nsec, want[i].time_nsec);
                        assert_int_equal(b.seen->kills[i].limit.id, want[i].limit.id);
                        assert_int_equal(b.seen->kills[i].n_victims, VICTIMS);
                        assert_int_equal(b.seen->kills[i].confirmed, VICTIMS);
                        assert_int_equal(b.seen->kills[i].scope, want[i].scope);
                        assert_true(b.seen->kills[i].victims_complete);
                }
                bench_end(&b);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_plain_kill_is_whole),
                cmocka_unit_test(test_scope_killer_and_selection),
                cmocka_unit_test(test_a_group_kill_names_each_once),
                cmocka_unit_test(test_group_below_the_limit_is_not_guessed),
                cmocka_unit_test(test_the_probe_tells_the_group),
                cmocka_unit_test(test_who_shares_the_mm_dies_too),
                cmocka_unit_test(test_without_a_signal_nobody_was_killed),
                cmocka_unit_test(test_what_has_no_end_is_closed_and_says_so),
                cmocka_unit_test(test_what_is_fed_again_counts_once),
                cmocka_unit_test(test_a_slow_console_loses_nothing),
                cmocka_unit_test(test_a_dead_leaders_thread_confirms),
                cmocka_unit_test(test_a_victim_without_its_head_is_kept),
                cmocka_unit_test(test_an_overrun_meanwhile_makes_nothing_sure),
                cmocka_unit_test(test_bounds_are_counted),
                cmocka_unit_test(test_signals_that_are_no_oom),
                cmocka_unit_test(test_interleaving_changes_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
