#include "check.h"
#include "supervisor/record/crier.h"
#include "supervisor/record/journalentry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/record/messages.h"

static const char kill_json[] =
        "{\"id\":\"r7k2m9x4-1\",\"type\":\"kill\",\"text\":\"stress was killed\",\"scope\":\"self\",\"reason\":\"own_limit\","
        "\"cgroup\":{\"path\":\"/a\\\\x0ab\",\"id\":7},\"limit_cgroup\":{\"path\":\"/a\",\"id\":7},"
        "\"victims\":[{\"pid\":42,\"main\":%s}],\"identity\":{\"kind\":\"unit\",\"unit\":\"web.service\","
        "\"confidence\":\"%s\"}}";

/* The value of field @name, or NULL. */
static const char *field(const JournalEntry *e, const char *name) {
        size_t n = strlen(name);

        for (int i = 0; i < e->n; i++) {
                const char *f = e->fields[i].iov_base;

                if (strncmp(f, name, n) == 0 && f[n] == '=')
                        return f + n + 1;
        }
        return NULL;
}

static void test_a_kill_as_journal_fields(void **state) {
        RecordMeta m = { .seq = 1, .type = REEVE_RECORD_KILL };
        char json[1024];
        JournalEntry e;

        (void) state;
        (void) snprintf(json, sizeof(json), kill_json, "null", "certain");
        assert_int_equal(journal_entry_make(&e, &m, json, strlen(json)), 0);
        assert_string_equal(field(&e, "MESSAGE"), "stress was killed");
        assert_string_equal(field(&e, "PRIORITY"), "4");
        assert_string_equal(field(&e, "MESSAGE_ID"), "db533303108c4f16864fea8438bb0378");
        assert_string_equal(field(&e, "CGROUP_PATH"), "/a\\x0ab");
        assert_string_equal(field(&e, "OBJECT_PID"), "42");
        assert_string_equal(field(&e, "UNIT"), "web.service");
        assert_string_equal(field(&e, "REEVE_RECORD"), json);
        journal_entry_clear(&e);

        (void) snprintf(json, sizeof(json), kill_json, "true", "claimed");
        assert_int_equal(journal_entry_make(&e, &m, json, strlen(json)), 0);
        assert_string_equal(field(&e, "PRIORITY"), "3");        /* a main process */
        assert_null(field(&e, "UNIT"));                         /* anybody could have named a directory so */
        assert_string_equal(field(&e, "REEVE_CLAIMED_UNIT"), "web.service");
        journal_entry_clear(&e);
        assert_int_equal(journal_entry_make(&e, &m, "[]", 2), -EBADMSG);
}

/* Each MESSAGE_ID has its page in the catalog. */
static void test_the_catalog_is_complete(void **state) {
#define ID(type, id) id,
        static const char *const ids[] = { REEVE_MESSAGES(ID) };
        static char text[32768];
        int fd = open(REEVE_SOURCE "/packaging/catalog/reeve.catalog", O_RDONLY);
        ssize_t n = read(fd, text, sizeof(text) - 1);

        (void) state;
        assert_true(n > 0);
        for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
                char line[64];

                assert_int_equal(strlen(ids[i]), 32);
                (void) snprintf(line, sizeof(line), "-- %s\n", ids[i]);
                if (!strstr(text, line))
                        fail_msg("%s", ids[i]);
        }
        close(fd);
}

/* With stderr a pipe that nobody reads the crier stands still: the queue fills, drops, and nobody waits. */
static void test_a_crier_that_stands_still_drops(void **state) {
        CrierOptions o = { .slots = 4, .slot_bytes = 1024, .to_stderr = true };
        RecordMeta m = { .seq = 1, .type = REEVE_RECORD_KILL };
        char json[1024], line[4096], junk[4096];
        int p[2], kept = dup(STDERR_FILENO), told = 0;
        ssize_t n;
        Crier *c;

        (void) state;
        (void) snprintf(json, sizeof(json), kill_json, "null", "certain");
        assert_int_equal(pipe(p), 0);
        (void) fcntl(p[1], F_SETPIPE_SZ, 4096);
        memset(junk, '\n', sizeof(junk));
        assert_int_equal(write(p[1], junk, sizeof(junk)), sizeof(junk));
        assert_true(dup2(p[1], STDERR_FILENO) >= 0);
        assert_int_equal(crier_new(&c, &o), 0);
        for (int i = 0; i < 10; i++)
                told += crier_tell(c, &m, json, strlen(json));
        assert_true(told >= 4 && told <= 5);
        assert_int_equal(crier_dropped(c), 10 - told);
        assert_false(crier_tell(c, &m, line, sizeof(line)));    /* longer than a slot */
        n = read(p[0], junk, sizeof(junk));
        assert_int_equal(n, sizeof(junk));
        c = crier_free(c, 5000000);
        n = read(p[0], line, sizeof(line) - 1);
        assert_true(n > 0);
        line[n] = '\0';
        (void) dup2(kept, STDERR_FILENO);
        assert_int_equal(strncmp(line, "<4>reeved: stress was killed\n", 29), 0);
        close(p[0]);
        close(p[1]);
        close(kept);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_kill_as_journal_fields),
                cmocka_unit_test(test_the_catalog_is_complete),
                cmocka_unit_test(test_a_crier_that_stands_still_drops),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
