/* Whole evidence in, whole kills out. */
#include "check.h"
#include "assembling.h"

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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_plain_kill_is_whole),
                cmocka_unit_test(test_scope_killer_and_selection),
                cmocka_unit_test(test_a_group_kill_names_each_once),
                cmocka_unit_test(test_group_below_the_limit_is_not_guessed),
                cmocka_unit_test(test_the_probe_tells_the_group),
                cmocka_unit_test(test_who_shares_the_mm_dies_too),
                cmocka_unit_test(test_without_a_signal_nobody_was_killed),
                cmocka_unit_test(test_a_dead_leaders_thread_confirms),
                cmocka_unit_test(test_signals_that_are_no_oom),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
