/* Pages captured from real kernels (tests/fixtures/KERNEL/ring; made by tests/tools/probe-dump --save-pages): two single
 * kills, a group kill of three, a cgroup made and removed, a kill(2). */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/host/pagestore.h"
#include "supervisor/host/ringevent.h"
#include "supervisor/host/ringpage.h"

static const char *const kernels[] = { "5.10", "6.1", "7.2" };
static const char *const pages[] = { "page-000-kills-cpu0", "page-001-kills-cpu1", "page-002-churn-cpu0",
                                     "page-003-churn-cpu1" };

/* Reads a fixture; the caller frees. NULL if there is none. */
static void *load(const char *kernel, const char *name, size_t *ret_size) {
        char path[512];
        FILE *f;
        uint8_t *data = calloc(1, 65536);

        (void) snprintf(path, sizeof(path), "%s/%s/ring/%s", REEVE_FIXTURES, kernel, name);
        f = fopen(path, "re");
        if (!f) {
                free(data);
                return NULL;
        }
        *ret_size = fread(data, 1, 65536, f);
        fclose(f);
        return data;
}

static RingFormats *formats_of(const char *kernel) {
        size_t size;
        char *text = load(kernel, "formats", &size);
        RingFormats *f = NULL;

        assert_non_null(text);
        assert_int_equal(ringformats_new(&f, text, size), 0);
        free(text);
        return f;
}

typedef struct Seen {
        int kinds[RING_SIGNAL + 1];
        uint64_t domains;
} Seen;

static void look(const Evidence *e, int kind, Seen *seen) {
        seen->kinds[kind]++;
        if (kind == EVIDENCE_OOM) {
                assert_true(e->oom.domain.present);
                assert_true(e->oom.domain.counters_plausible);
                assert_string_equal(e->oom.message, "Memory cgroup out of memory");
                assert_string_equal(e->comm, "storm");
                assert_int_equal(e->oom.constraint, 3);
                assert_int_equal(e->oom.order, 0);
                assert_int_equal(e->oom.chosen_pid, e->pid);
                assert_true(e->oom.domain.max_pages == 512 || e->oom.domain.max_pages == 1024);
        }
        if (kind == EVIDENCE_VICTIM) {
                assert_string_equal(e->victim.comm, "storm");
                assert_int_equal(e->victim.level, 2);
                assert_string_equal(e->victim.names[1], "s");
                assert_int_equal(strncmp(e->victim.names[2], "storm", 5), 0);
                assert_int_equal(e->victim.ancestor_ids[0], 1);
                assert_int_equal(e->victim.ancestor_ids[2], e->victim.cgroup_id);
                assert_true(e->victim.mm_present && e->victim.uid_present && e->victim.owner_present);
                assert_true(e->victim.start_nsec > 0);
        }
        if (kind == EVIDENCE_KERNEL_SIGKILL)
                assert_int_equal(e->signal.signal, 9);
        if (kind == EVIDENCE_SIGNAL && e->signal.signal == 9)
                assert_string_equal(e->signal.comm, "sh");
        if (kind == EVIDENCE_MKDIR && e->churn.path && strcmp(e->churn.path, "/s/x") == 0)
                assert_int_equal(e->churn.level, 2);
}

static void test_captured_pages(void **state) {
        (void) state;
        for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++) {
                RingFormats *f = formats_of(kernels[i]);
                RingCursor *c = NULL;
                Seen seen = { 0 };
                int found = 0;

                assert_int_equal(ringcursor_new(&c), 0);
                for (size_t p = 0; p < sizeof(pages) / sizeof(*pages); p++) {
                        size_t size;
                        uint64_t last = 0;
                        void *page = load(kernels[i], pages[p], &size);

                        if (!page)
                                continue;
                        found++;
                        assert_int_equal(size, PAGE_BYTES);
                        for (int r = ringcursor_load(c, page, size); r > 0; r = ringcursor_next(c)) {
                                Evidence e;
                                uint64_t nsec;
                                const void *event = ringcursor_event(c, &size, &nsec);
                                int kind = ringevent_decode(f, event, size, &e, NULL);

                                assert_true(kind >= 0);
                                assert_true(nsec >= last);
                                last = nsec;
                                look(&e, kind, &seen);
                        }
                        free(page);
                }
                assert_int_equal(found, 4);
                assert_int_equal(seen.kinds[EVIDENCE_OOM], 3);
                assert_int_equal(seen.kinds[EVIDENCE_OOM_END], 3);
                assert_int_equal(seen.kinds[EVIDENCE_VICTIM], 2 + 4);
                assert_int_equal(seen.kinds[EVIDENCE_KERNEL_SIGKILL], 2 + 4);
                assert_int_equal(seen.kinds[RING_GROUP], 1);
                assert_int_equal(seen.kinds[EVIDENCE_SIGNAL], 1);
                assert_true(seen.kinds[EVIDENCE_MKDIR] >= 1 && seen.kinds[EVIDENCE_RMDIR] >= 1);
                ringcursor_free(c);
                ringformats_free(f);
        }
}

/* Every prefix and every single damaged byte of a page: refused, or walked within its bounds (ASan watches). */
static void test_damaged_pages(void **state) {
        RingFormats *f = formats_of("6.1");
        RingCursor *c = NULL;
        size_t size;
        uint8_t *page = load("6.1", pages[0], &size);

        (void) state;
        assert_int_equal(ringcursor_new(&c), 0);
        for (size_t at = 0; at < size; at++) {
                uint8_t *copy = malloc(PAGE_BYTES);

                memcpy(copy, page, PAGE_BYTES);
                copy[at] = (uint8_t) ~copy[at];
                for (int r = ringcursor_load(c, copy, PAGE_BYTES); r > 0; r = ringcursor_next(c)) {
                        Evidence e;
                        size_t length;
                        uint64_t nsec;
                        const void *event = ringcursor_event(c, &length, &nsec);

                        assert_true((const uint8_t *) event + length <= copy + PAGE_BYTES);
                        (void) ringevent_decode(f, event, length, &e, NULL);
                }
                (void) ringpage_valid(copy, at);
                free(copy);
        }
        free(page);
        ringcursor_free(c);
        ringformats_free(f);
}

/* A NULL on the way: what hangs on it is what the page held before, and must not be told. */
static void test_what_hangs_on_null_is_absent(void **state) {
        static const char format[] =
                "name: kill_x\nID: 7\nformat:\n"
                "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
                "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
                "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
                "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
                "\tfield:u64 memcg;\toffset:8;\tsize:8;\tsigned:0;\n"
                "\tfield:u64 domain;\toffset:16;\tsize:8;\tsigned:0;\n"
                "\tfield:u64 chosen;\toffset:24;\tsize:8;\tsigned:0;\n"
                "\tfield:s32 chosen_pid;\toffset:32;\tsize:4;\tsigned:1;\n"
                "\tfield:s32 order;\toffset:36;\tsize:4;\tsigned:1;\n\n"
                "print fmt: \"memcg=0x%Lx\", REC->memcg\n";
        struct {
                uint16_t type;
                uint8_t flags, count;
                int32_t pid;
                uint64_t memcg, domain, chosen;
                int32_t chosen_pid, order;
        } event = { .type = 7, .pid = 5, .memcg = 0, .domain = 2141, .chosen = 0, .chosen_pid = 99, .order = -1 };
        RingFormats *f = NULL;
        Evidence e;

        (void) state;
        assert_int_equal(ringformats_new(&f, format, sizeof(format) - 1), 0);
        assert_int_equal(ringevent_decode(f, &event, sizeof(event), &e, NULL), EVIDENCE_OOM);
        assert_false(e.oom.domain.present);
        assert_int_equal(e.oom.domain.id, 0);
        assert_int_equal(e.oom.chosen_pid, 0);
        assert_int_equal(e.oom.order, -1);
        event.memcg = 1;
        assert_int_equal(ringevent_decode(f, &event, sizeof(event), &e, NULL), EVIDENCE_OOM);
        assert_int_equal(e.oom.domain.id, 2141);
        event.type = 8;
        assert_int_equal(ringevent_decode(f, &event, sizeof(event), &e, NULL), -ENOMSG);
        assert_int_equal(ringevent_decode(f, &event, 7, &e, NULL), -EBADMSG);
        ringformats_free(f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_captured_pages),
                cmocka_unit_test(test_damaged_pages),
                cmocka_unit_test(test_what_hangs_on_null_is_absent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
