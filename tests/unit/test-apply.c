#include "check.h"
#include "supervisor/act/apply.h"
#include "supervisor/act/applydrift.h"
#include "supervisor/act/applyentry.h"
#include "supervisor/act/applylever.h"
#include "supervisor/act/applyset.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory tree that looks like cgroups; its ids are inode numbers, as there. */
typedef struct Fake {
        char root[64];
        Applier applier;
        LimitResult last;
        char error[256], origin[64];
        unsigned told;
} Fake;

static void take(const LimitResult *result, void *userdata) {
        Fake *f = userdata;

        f->last = *result;
        (void) snprintf(f->error, sizeof(f->error), "%s", result->error ? result->error : "");
        (void) snprintf(f->origin, sizeof(f->origin), "%s", result->origin ? result->origin : "");
        f->told++;
}

static void put(const Fake *f, const char *file, const char *text) {
        char path[256];
        FILE *out;

        (void) snprintf(path, sizeof(path), "%s/%s", f->root, file);
        out = fopen(path, "w");
        assert_non_null(out);
        (void) fputs(text, out);
        (void) fclose(out);
}

static int64_t get(const Fake *f, const char *file) {
        char path[256];
        long long value = -1;
        FILE *in;

        (void) snprintf(path, sizeof(path), "%s/%s", f->root, file);
        in = fopen(path, "r");
        assert_non_null(in);
        assert_int_equal(fscanf(in, "%lld", &value), 1);
        (void) fclose(in);
        return value;
}

static uint64_t make(const Fake *f, const char *name) {
        static const char *const files[][2] = { { "memory.current", "1048576\n" }, { "memory.max", "8388608\n" },
                                                { "memory.high", "8388608\n" },    { "memory.min", "0\n" },
                                                { "memory.low", "0\n" },           { "memory.swap.max", "0\n" },
                                                { "memory.oom.group", "0\n" },     { "cgroup.freeze", "0\n" },
                                                { "cgroup.events", "frozen 1\n" }, { "cgroup.type", "domain\n" } };
        char path[256];
        struct stat st;

        (void) snprintf(path, sizeof(path), "%s/%s", f->root, name);
        assert_int_equal(mkdir(path, 0755), 0);
        assert_int_equal(stat(path, &st), 0);
        for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
                (void) snprintf(path, sizeof(path), "%s/%s", name, files[i][0]);
                put(f, path, files[i][1]);
        }
        return st.st_ino;
}

static void begin(Fake *f) {
        *f = (Fake) { .root = "/tmp/reeve-test-XXXXXX" };
        assert_non_null(mkdtemp(f->root));
        f->applier = (Applier) { .ram_bytes = 1 << 30, .page_size = 4096, .emit = take, .userdata = f };
        f->applier.fs.root_fd = open(f->root, O_RDONLY | O_DIRECTORY);
        strcpy(f->applier.fs.root, f->root);
        f->applier.state.directory = strdup(f->root);
        assert_int_equal(drift_new(&f->applier.drift, &f->applier.fs), 0);
}

static void end(Fake *f) {
        char command[128];

        applier_done(&f->applier);
        (void) snprintf(command, sizeof(command), "rm -r %s", f->root);
        assert_int_equal(system(command), 0);
}

static void configure(Fake *f, const char *text) {
        ConfigFile file = { .name = "/etc/reeve/policies.d/t.conf", .text = text, .length = strlen(text) };
        Complaints complaints = COMPLAINTS_INIT;
        Config *c = NULL;

        assert_int_equal(config_parse(&file, 1, &c, &complaints), 0);
        complaints_done(&complaints);
        applier_configure(&f->applier, c, c->reeve.mode);
}

static void test_applied_kept_and_put_back(void **state) {
        Fake f;
        uint64_t x;
        char limits[128];
        struct stat st;

        (void) state;
        begin(&f);
        x = make(&f, "x");
        configure(&f, "[budget b]\nMatch=/x\nMemoryMax=4194304\nOwn=adopt\n");
        applier_born(&f.applier, x, "/x");
        assert_int_equal(f.told, 1);
        assert_int_equal(f.last.outcome, REEVE_OUTCOME_DONE);
        assert_int_equal(f.last.before, 8388608);
        assert_int_equal(f.last.after, 4194304);
        assert_string_equal(f.origin, "t.conf:3");
        assert_int_equal(get(&f, "x/memory.max"), 4194304);
        assert_int_equal(get(&f, "x/cgroup.freeze"), 0);
        (void) snprintf(limits, sizeof(limits), "%s/limits.json", f.root);
        assert_int_equal(stat(limits, &st), 0);

        /* The same again is no news. */
        configure(&f, "[budget b]\nMatch=/x\nMemoryMax=4M\nOwn=adopt\n");
        applier_born(&f.applier, x, "/x");
        assert_int_equal(f.told, 1);

        /* Another hand. */
        put(&f, "x/memory.max", "5242880\n");
        applier_drift(&f.applier);
        assert_int_equal(f.told, 2);
        assert_int_equal(f.last.reason, REEVE_REASON_CHANGED_BY_OTHER);
        assert_int_equal(f.last.by, REEVE_LIMIT_BY_OTHER);
        assert_int_equal(f.last.wanted, 4194304);
        assert_int_equal(f.last.after, 5242880);

        configure(&f, "");
        assert_int_equal(f.told, 3);
        assert_int_equal(f.last.reason, REEVE_REASON_BUDGET_GONE);
        assert_int_equal(get(&f, "x/memory.max"), 8388608);
        assert_int_equal(f.applier.state.count, 0);
        end(&f);
}

static void test_not_below_usage(void **state) {
        static const char risky[] = "[budget b]\nMatch=/x\nMemoryMax=4M\nMemoryLow=4096\nOwn=adopt\nRisk=yes\n";
        Fake f;
        uint64_t x;

        (void) state;
        begin(&f);
        x = make(&f, "x");
        put(&f, "x/memory.current", "6291456\n");
        configure(&f, "[budget b]\nMatch=/x\nMemoryMax=4M\nMemoryLow=4096\nOwn=adopt\n");
        applier_born(&f.applier, x, "/x");
        /* One is refused, the other is not held back by it. */
        assert_int_equal(f.told, 2);
        assert_int_equal(get(&f, "x/memory.max"), 8388608);
        assert_int_equal(get(&f, "x/memory.low"), 4096);
        configure(&f, "[budget b]\nMatch=/x\nMemoryMax=4M\nMemoryLow=4096\nOwn=adopt\n[reeve]\n");
        assert_int_equal(f.told, 2);
        configure(&f, risky);
        assert_int_equal(f.told, 3);
        assert_true(f.last.forced);
        assert_int_equal(get(&f, "x/memory.max"), 4194304);
        end(&f);
}

static void test_refusals(void **state) {
        BudgetValue values[LIMIT_KEYS] = { [LIMIT_MEMORY_MAX] = { .at.order = 1, .value = 4194304 } };
        ApplySet set = { .path = "/x", .values = values, .requester = { .known = true, .uid = 12345 } };
        Fake f;
        uint64_t x;

        (void) state;
        begin(&f);
        x = make(&f, "x");
        configure(&f, "[budget b]\nMatch=/x\nMemoryMax=4M\n");
        applier_born(&f.applier, x, "/x");
        assert_int_equal(f.last.reason, REEVE_REASON_NOT_OWNED);
        assert_int_equal(f.last.outcome, REEVE_OUTCOME_REFUSED);
        set.id = x;
        applier_set(&f.applier, &set);
        assert_int_equal(f.last.reason, REEVE_REASON_NOT_PERMITTED);
        assert_int_equal(f.last.requested_by.uid, 12345);
        set.requester.uid = 0;
        applier_set(&f.applier, &set);
        assert_int_equal(f.last.reason, REEVE_REASON_NOT_OWNED);
        set.id = x + 1000000;
        applier_set(&f.applier, &set);
        assert_int_equal(f.last.outcome, REEVE_OUTCOME_GONE);
        configure(&f, "[budget b]\nMatch=/x\nMemoryMax=4M\nOwn=adopt\n[reeve]\nMode=dry-run\n");
        assert_true(f.last.dry_run);
        assert_int_equal(f.last.wanted, 4194304);
        configure(&f, "[reeve]\nMode=watch\n");
        set.id = x;
        applier_set(&f.applier, &set);
        assert_int_equal(f.last.reason, REEVE_REASON_MODE_WATCH);
        assert_int_equal(get(&f, "x/memory.max"), 8388608);
        end(&f);
}

static void test_set_lasts_over_a_reload(void **state) {
        BudgetValue values[LIMIT_KEYS] = { [LIMIT_MEMORY_MAX] = { .at.order = 1, .percent = true, .permyriad = 5000 } };
        ApplySet set = { .path = "/p/x", .values = values, .requester = { .known = true } };
        Fake f;
        uint64_t x;

        (void) state;
        begin(&f);
        (void) make(&f, "p");
        x = make(&f, "p/x");
        configure(&f, "[budget b]\nMatch=/p/x\nMemoryMax=2M\nOwn=adopt\n");
        applier_born(&f.applier, x, "/p/x");
        set.id = x;
        applier_set(&f.applier, &set);
        assert_int_equal(get(&f, "p/x/memory.max"), 4194304);
        configure(&f, "[budget b]\nMatch=/p/x\nMemoryMax=2M\nOwn=adopt\n");
        assert_int_equal(get(&f, "p/x/memory.max"), 4194304);
        /* Half of the parent's, and the parent's changes. */
        put(&f, "p/memory.max", "4194304\n");
        applier_drift(&f.applier);
        assert_int_equal(get(&f, "p/x/memory.max"), 2097152);
        assert_int_equal(f.last.effective_bytes, 2097152);
        assert_int_equal(applier_uninstall(&f.applier), 0);
        assert_int_equal(get(&f, "p/x/memory.max"), 8388608);
        end(&f);
}

/* A limit above changes: what is a share of it follows, what somebody set by hand stays until the configuration is loaded again. */
static void test_a_share_follows_and_no_other(void **state) {
        static const char half[] = "[budget b]\nMatch=/p/x\nMemoryMax=50%\nMemoryLow=4096\nOwn=adopt\n";
        uint64_t x;
        Fake f;

        (void) state;
        begin(&f);
        (void) make(&f, "p");
        x = make(&f, "p/x");
        configure(&f, half);
        applier_born(&f.applier, x, "/p/x");
        assert_int_equal(get(&f, "p/x/memory.max"), 4194304);
        assert_int_equal(get(&f, "p/x/memory.low"), 4096);
        put(&f, "p/x/memory.low", "8192\n");
        put(&f, "p/memory.max", "4194304\n");
        applier_drift(&f.applier);
        assert_int_equal(get(&f, "p/x/memory.max"), 2097152);
        assert_int_equal(get(&f, "p/x/memory.low"), 8192);
        configure(&f, half);
        assert_int_equal(get(&f, "p/x/memory.low"), 4096);
        end(&f);
}

static ApplyLeverTold pull(Fake *f, uint64_t id, RuleAction action, double ratio, int64_t bytes, BudgetOwn own) {
        ApplyLeverTold told;

        applier_lever(&f->applier, &(ApplyLever) { .id = id, .path = "/x", .action = action, .ratio = ratio, .bytes = bytes, .own = own,
                                                   .incident = 4711, .origin = "t.conf:9" }, &told);
        return told;
}

static ApplyLeverTold lift(Fake *f, uint64_t id, LimitKey key) {
        ApplyLeverTold told;

        applier_lift(&f->applier, id, key, &told);
        return told;
}

static void test_levers_are_lifted(void **state) {
        ApplyLeverTold told;
        uint64_t x;
        Fake f;

        (void) state;
        begin(&f);
        x = make(&f, "x");
        put(&f, "x/memory.current", "4194304\n");
        configure(&f, "[reeve]\nMode=act\n");
        told = pull(&f, x, RULE_THROTTLE, 0.5, 0, BUDGET_OWN_NO);
        assert_int_equal(told.outcome, REEVE_OUTCOME_REFUSED);
        assert_int_equal(told.reason, REEVE_REASON_NOT_OWNED);
        assert_int_equal(f.last.incident, 4711);
        assert_int_equal(get(&f, "x/memory.high"), 8388608);
        told = pull(&f, x, RULE_THROTTLE, 0.5, 0, BUDGET_OWN_ADOPT);
        assert_int_equal(told.outcome, REEVE_OUTCOME_DONE);
        assert_int_equal(f.last.reason, REEVE_REASON_RULE);
        assert_int_equal(f.last.incident, 4711);
        assert_string_equal(f.origin, "t.conf:9");
        assert_int_equal(get(&f, "x/memory.high"), 2097152);
        told = pull(&f, x, RULE_THROTTLE, 0.9, 0, BUDGET_OWN_ADOPT);
        assert_int_equal(told.outcome, REEVE_OUTCOME_INEFFECTIVE);
        assert_int_equal(get(&f, "x/memory.high"), 2097152);
        configure(&f, "[reeve]\nMode=act\n");                           /* a reload is no end of an incident */
        assert_int_equal(get(&f, "x/memory.high"), 2097152);
        told = lift(&f, x, LIMIT_MEMORY_HIGH);
        assert_int_equal(told.outcome, REEVE_OUTCOME_DONE);
        assert_int_equal(f.last.reason, REEVE_REASON_INCIDENT_OVER);
        assert_int_equal(f.last.incident, 4711);
        assert_int_equal(get(&f, "x/memory.high"), 8388608);
        assert_int_equal(lift(&f, x, LIMIT_MEMORY_HIGH).outcome, REEVE_OUTCOME_DONE);
        told = pull(&f, x, RULE_RAISE, 0.5, 9 << 20, BUDGET_OWN_ADOPT);
        assert_int_equal(told.outcome, REEVE_OUTCOME_DONE);
        assert_int_equal(get(&f, "x/memory.max"), 9 << 20);
        assert_int_equal(pull(&f, x, RULE_RAISE, 0.5, 9 << 20, BUDGET_OWN_ADOPT).outcome, REEVE_OUTCOME_INEFFECTIVE);
        assert_int_equal(lift(&f, x, LIMIT_MEMORY_MAX).outcome, REEVE_OUTCOME_DONE);
        assert_int_equal(get(&f, "x/memory.max"), 8388608);
        f.told = 0;
        applier_probe(&f.applier, &(ApplyLever) { .id = x, .path = "/x", .action = RULE_RELAX, .own = BUDGET_OWN_ADOPT });
        assert_int_equal(f.told, 0);
        applier_probe(&f.applier, &(ApplyLever) { .id = x, .path = "/x", .action = RULE_RELAX, .origin = "t.conf:9" });
        assert_int_equal(f.told, 1);
        assert_true(f.last.outcome == REEVE_OUTCOME_REFUSED && f.last.reason == REEVE_REASON_NOT_OWNED && f.last.wanted == LIMIT_UNKNOWN);
        assert_int_equal(f.last.incident, 0);
        assert_int_equal(get(&f, "x/memory.high"), 8388608);
        assert_int_equal(pull(&f, x + 1000, RULE_RELAX, 0, 0, BUDGET_OWN_ADOPT).outcome, REEVE_OUTCOME_GONE);
        end(&f);
}

/* What a crash leaves is put back by the next life, to the budget where there is one. */
static void test_levers_are_undone_by_the_next_life(void **state) {
        static const char *const budgets[] = { "[reeve]\nMode=act\n", "[budget b]\nMatch=/x\nOwn=adopt\nMemoryHigh=4M\n", "[reeve]\nMode=watch\n" };

        (void) state;
        for (size_t i = 0; i < sizeof(budgets) / sizeof(*budgets); i++) {
                LimitState loaded;
                uint64_t x;
                Fake f;

                begin(&f);
                x = make(&f, "x");
                put(&f, "x/memory.current", "4194304\n");
                configure(&f, "[reeve]\nMode=act\n");
                assert_int_equal(pull(&f, x, RULE_THROTTLE, 0.5, 0, BUDGET_OWN_ADOPT).outcome, REEVE_OUTCOME_DONE);
                limitstate_done(&f.applier.state);
                assert_int_equal(limitstate_load(&loaded, f.root), 0);
                f.applier.state = loaded;
                configure(&f, budgets[i]);
                assert_int_equal(get(&f, "x/memory.high"), i == 0 ? 8388608 : i == 1 ? 4 << 20 : 2097152);
                /* The spool says it too: also to who only watches. */
                assert_int_equal(lift(&f, x, LIMIT_MEMORY_HIGH).outcome, REEVE_OUTCOME_DONE);
                assert_int_equal(get(&f, "x/memory.high"), i == 1 ? 4 << 20 : 8388608);
                assert_int_equal(f.last.incident, 4711);
                /* What is asked later is of none. */
                configure(&f, "[budget b]\nMatch=/x\nOwn=adopt\nMemoryHigh=5M\n");
                applier_born(&f.applier, x, "/x");
                assert_int_equal(get(&f, "x/memory.high"), 5 << 20);
                assert_int_equal(f.last.incident, 0);
                end(&f);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_applied_kept_and_put_back),
                cmocka_unit_test(test_not_below_usage),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_set_lasts_over_a_reload),
                cmocka_unit_test(test_a_share_follows_and_no_other),
                cmocka_unit_test(test_levers_are_lifted),
                cmocka_unit_test(test_levers_are_undone_by_the_next_life),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
