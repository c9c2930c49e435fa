#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "supervisor/text/record.h"

static const char *path_of(void *userdata, uint64_t id) {
        (void) userdata;
        return id == 30 ? "/system.slice/web\n\\x.service" : id == 10 ? "/system.slice" : NULL;
}

static int64_t owner_of(void *userdata, uint64_t id) {
        (void) userdata;
        return id == 30 ? 1000 : RECORD_UNKNOWN;
}

static const Identity *identity_of(void *userdata, uint64_t id) {
        static const Identity i = { .kind = REEVE_IDENTITY_UNIT, .unit = "web.service", .certain = true, .owner_uid = 0 };

        (void) userdata;
        return id == 30 ? &i : NULL;
}

static bool process_of(void *userdata, int32_t tgid, uint64_t start_nsec, RecordProcess *ret) {
        (void) userdata;
        (void) start_nsec;
        if (tgid != 4711)
                return false;
        ret->cmdline = "java\0-jar\0x\xff.jar";
        ret->cmdline_length = 16;
        ret->ppid = 1;
        ret->main = 1;
        return true;
}

static RecordContext context(void) {
        return (RecordContext) {
                .boot_id = "b00t", .machine_id = "mach", .hostname = "host", .ledger_id = "r7k2m9x4", .seq = 1042,
                .realtime_offset_usec = INT64_C(1763629200000000), .recorded_usec = INT64_C(1763629200000000), .command_line = true,
                .sources = { .path = path_of, .identity = identity_of, .owner_uid = owner_of, .process = process_of },
        };
}

static Kill a_kill(KillVictim *v, size_t n) {
        for (size_t i = 0; i < n; i++)
                v[i] = (KillVictim) { .tgid = 4711 + (int32_t) i, .tid = 4711, .start_nsec = 5000000, .comm = "ja\x1bva\"", .uid = 1000,
                                      .cgroup.id = 30, .anon_bytes = 4096, .file_bytes = KILL_UNKNOWN, .shmem_bytes = 0,
                                      .swap_bytes = 0, .page_table_bytes = 0, .oom_score_adj = -5, .points = KILL_UNKNOWN };
        return (Kill) {
                .time_nsec = 7000000, .end_nsec = 7000100, .killer = REEVE_KILLER_KERNEL, .scope = REEVE_SCOPE_SELF,
                .constraint = REEVE_CONSTRAINT_MEMCG, .selection = REEVE_SELECTION_BADNESS, .reason = REEVE_REASON_OWN_LIMIT,
                .limit.id = 30, .limit_bytes = 512 << 20, .limit_current_bytes = 511 << 20, .limit_peak_bytes = 512 << 20,
                .limit_swap_bytes = 0, .limit_swap_max_bytes = 0, .total_pages = 131072, .invoker_tid = 4712,
                .invoker_comm = "worker", .order = 0, .gfp = 0xcc0, .attempts = (uint32_t) n, .confirmed = (uint32_t) n,
                .victims = v, .n_victims = n, .victims_complete = true, .sources = 1u << REEVE_SOURCE_KPROBE,
                .tier = REEVE_TIER_KPROBE, .confidence = REEVE_CONFIDENCE_CERTAIN,
        };
}

static json_t *written(char *text, size_t size, const Kill *k) {
        RecordContext c = context();
        Strbuf b = { .data = text, .size = size };
        json_error_t error;
        json_t *o;

        assert_int_equal(record_kill(&b, &c, k), 0);
        assert_false(b.truncated);
        o = json_loads(text, JSON_REJECT_DUPLICATES, &error);
        assert_non_null(o);
        return o;
}

/* Every field that the contract names is there, known or not. */
static void test_every_field_is_there(void **state) {
        static const char *const fields[] = {
                "schema", "seq", "id", "type", "time", "recorded_time", "boottime_usec", "boot_id", "machine_id", "hostname",
                "incident", "configuration", "unlimited", "key", "killer", "killer_process", "scope", "cgroup", "limit_cgroup",
                "limit_bytes", "constraint", "selection", "invoker", "order", "gfp", "group_kill", "kill_cgroup", "attempts",
                "owner_uid", "victims", "victims_complete", "counters", "memory", "limit_memory", "contributors", "processes",
                "processes_complete", "pressure", "identity", "sources", "tier", "confidence", "late", "reason", "text", "after",
        };
        static const char *const victim_fields[] = {
                "pid", "start_usec", "comm", "cmdline", "ppid", "ns_pid", "uid", "why", "main", "anon_bytes", "file_bytes",
                "shmem_bytes", "swap_bytes", "peak_rss_bytes", "runtime_usec", "oom_score_adj", "points",
        };
        static char text[65536];
        KillVictim v[2];
        Kill k = a_kill(v, 2);
        json_t *o = written(text, sizeof(text), &k), *victim;

        (void) state;
        for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
                if (!json_object_get(o, fields[i]))
                        fail_msg("no field %s", fields[i]);
        victim = json_array_get(json_object_get(o, "victims"), 0);
        for (size_t i = 0; i < sizeof(victim_fields) / sizeof(*victim_fields); i++)
                if (!json_object_get(victim, victim_fields[i]))
                        fail_msg("no victims[].%s", victim_fields[i]);
        assert_null(json_object_get(victim, "cgroup"));
        assert_string_equal(json_string_value(json_object_get(o, "id")), "r7k2m9x4-1042");
        assert_string_equal(json_string_value(json_object_get(o, "key")), "b00t:4711:5000");
        assert_string_equal(json_string_value(json_object_get(o, "time")), "2025-11-20T09:00:00.007000Z");
        assert_string_equal(json_string_value(json_object_get(o, "gfp")), "GFP_KERNEL");
        assert_string_equal(json_string_value(json_object_get(victim, "comm")), "ja\\x1bva\"");
        assert_string_equal(json_string_value(json_object_get(victim, "cmdline")), "java -jar x\\xff.jar");
        assert_string_equal(json_string_value(json_object_get(o, "text")),
                            "The kernel killed ja\\x1bva\" (pid 4711) and 1 other in /system.slice/web\\x0a\\x5cx.service: it reached "
                            "the limit of its own cgroup, 512M.");
        assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "memory"), "max_bytes")), 512 << 20);
        /* Who asked for memory is one of the victims, so where it was is known. */
        assert_int_equal(json_integer_value(json_object_get(json_object_get(json_object_get(o, "invoker"), "cgroup"), "id")), 30);
        assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "invoker"), "tgid")), 4712);
        json_decref(o);
}

static void test_unknown_is_null_and_unlimited_is_said(void **state) {
        static char text[65536];
        Kill k = { .limit_bytes = KILL_UNLIMITED, .limit_current_bytes = -1, .limit_peak_bytes = -1, .limit_swap_bytes = -1,
                   .limit_swap_max_bytes = -1, .order = KILL_ADJ_UNKNOWN, .gfp = -1, .scope = REEVE_SCOPE_ANCESTOR, .limit.id = 99 };
        json_t *o = written(text, sizeof(text), &k), *unlimited;

        (void) state;
        assert_true(json_is_null(json_object_get(o, "key")));
        assert_true(json_is_null(json_object_get(o, "cgroup")));
        assert_true(json_is_null(json_object_get(json_object_get(o, "limit_cgroup"), "path")));
        assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "limit_cgroup"), "id")), 99);
        assert_true(json_is_null(json_object_get(o, "limit_bytes")));
        assert_true(json_is_null(json_object_get(o, "invoker")));
        assert_true(json_is_null(json_object_get(o, "gfp")));
        unlimited = json_object_get(o, "unlimited");
        assert_int_equal(json_array_size(unlimited), 2);
        assert_string_equal(json_string_value(json_array_get(unlimited, 0)), "limit_bytes");
        assert_string_equal(json_string_value(json_array_get(unlimited, 1)), "limit_memory.max_bytes");
        json_decref(o);
}

static void test_victims_that_do_not_fit_are_said_to_miss(void **state) {
        static char text[8192];
        static KillVictim v[100];
        Kill k = a_kill(v, 100);
        json_t *o = written(text, sizeof(text), &k);
        size_t n = json_array_size(json_object_get(o, "victims"));

        (void) state;
        assert_true(n > 2 && n < 100);
        assert_true(json_is_false(json_object_get(o, "victims_complete")));
        json_decref(o);
}

static void test_no_room_leaves_nothing_behind(void **state) {
        char text[64] = "before";
        KillVictim v[1];
        Kill k = a_kill(v, 1);
        RecordContext c = context();
        Strbuf b = { .data = text, .size = sizeof(text), .length = 6 };

        (void) state;
        assert_int_equal(record_kill(&b, &c, &k), -ENOBUFS);
        assert_string_equal(text, "before");
        assert_int_equal(b.length, 6);
}

static void test_sentences(void **state) {
        static const struct { ReeveReason reason; ReeveScope scope; uint64_t limit; ReeveKiller killer; const char *end; } rows[] = {
                { REEVE_REASON_ANCESTOR_LIMIT, REEVE_SCOPE_ANCESTOR, 10, REEVE_KILLER_KERNEL, ": /system.slice above it reached its limit, 512M." },
                { REEVE_REASON_ANCESTOR_LIMIT, REEVE_SCOPE_ANCESTOR, 11, REEVE_KILLER_KERNEL, ": cgroup id:11 (name not known) above it reached its limit, 512M." },
                { REEVE_REASON_HOST_MEMORY, REEVE_SCOPE_HOST, 0, REEVE_KILLER_KERNEL, ": the host had no memory left." },
                { REEVE_REASON_SYSRQ, REEVE_SCOPE_HOST, 0, REEVE_KILLER_SYSRQ, ": somebody asked for it by sysrq-f." },
                { REEVE_REASON_LIMIT_WRITE, REEVE_SCOPE_SELF, 30, REEVE_KILLER_KERNEL, ": the limit of its own cgroup was set to 512M, below what it used, 511M, by worker (pid 4712)." },
                { REEVE_REASON_MANAGER, REEVE_SCOPE_NONE, 0, REEVE_KILLER_OOM_MANAGER, ": it manages memory shortages here." },
                { REEVE_REASON_RULE, REEVE_SCOPE_NONE, 0, REEVE_KILLER_REEVE, ": a rule of its configuration asked for it." },
                { REEVE_REASON_UNKNOWN, REEVE_SCOPE_UNKNOWN, 0, REEVE_KILLER_KERNEL, ": out of memory, by whose limit is not known." },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                static char text[65536];
                KillVictim v[1];
                Kill k = a_kill(v, 1);
                const char *sentence;
                json_t *o;

                k.reason = rows[i].reason;
                k.scope = rows[i].scope;
                k.limit.id = rows[i].limit;
                k.killer = rows[i].killer;
                o = written(text, sizeof(text), &k);
                sentence = json_string_value(json_object_get(o, "text"));
                if (strlen(sentence) < strlen(rows[i].end) || strcmp(sentence + strlen(sentence) - strlen(rows[i].end), rows[i].end) != 0)
                        fail_msg("row %zu: %s", i, sentence);
                json_decref(o);
        }
}

/* Where only a counter spoke, the record has the counter's cgroup. */
static void test_a_counted_kill_has_its_cgroup(void **state) {
        static char text[16384];
        Kill k = { .limit_bytes = -1, .limit_current_bytes = -1, .limit_peak_bytes = -1, .limit_swap_bytes = -1, .killer = REEVE_KILLER_KERNEL,
                   .order = KILL_ADJ_UNKNOWN, .gfp = -1, .counted = { .id = 30, .path = "/x" }, .attempts = 2, .confidence = REEVE_CONFIDENCE_COUNTED };
        json_t *o = written(text, sizeof(text), &k);

        (void) state;
        assert_string_equal(json_string_value(json_object_get(json_object_get(o, "cgroup"), "path")), "/x");
        assert_int_equal(json_integer_value(json_object_get(o, "owner_uid")), 1000);
        assert_string_equal(json_string_value(json_object_get(o, "text")), "The kernel killed processes in /x: 2 by its counter, nobody saw who.");
        json_decref(o);
}

static void test_sigkill_names_its_sender(void **state) {
        static char text[8192];
        Strbuf b = STRBUF_INIT(text);
        RecordContext c = context();
        Sigkill s = { .time_nsec = 7000000, .signal = 9, .means = REEVE_MEANS_KILL, .sender_tid = 12, .pid = 4711, .comm = "java",
                      .cgroup.id = 30, .uid = KILL_UNKNOWN };
        json_t *o;

        (void) state;
        assert_int_equal(record_sigkill(&b, &c, &s), 0);
        o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        assert_string_equal(json_string_value(json_object_get(o, "means")), "kill");
        assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "sender"), "pid")), 12);
        assert_string_equal(json_string_value(json_object_get(o, "text")),
                            "java (pid 4711) in /system.slice/web\\x0a\\x5cx.service was killed by a process (pid 12); it was no OOM kill.");
        json_decref(o);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_field_is_there),
                cmocka_unit_test(test_unknown_is_null_and_unlimited_is_said),
                cmocka_unit_test(test_victims_that_do_not_fit_are_said_to_miss),
                cmocka_unit_test(test_no_room_leaves_nothing_behind),
                cmocka_unit_test(test_sentences),
                cmocka_unit_test(test_a_counted_kill_has_its_cgroup),
                cmocka_unit_test(test_sigkill_names_its_sender),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
