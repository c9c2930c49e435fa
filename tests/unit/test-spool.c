/* The spool over crashes: a crash is what is left of the mapping after an arbitrary step. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/record/spool.h"

static char path[64];
static char note[256];

static int set_up(void **state) {
        (void) state;
        (void) snprintf(path, sizeof(path), "/tmp/test-spool.%d", (int) getpid());
        (void) unlink(path);
        return 0;
}

static int tear_down(void **state) {
        char old[80];

        (void) state;
        (void) snprintf(old, sizeof(old), "%s.old", path);
        (void) unlink(path);
        (void) unlink(old);
        return 0;
}

static Spool *open_as(const char *boot_id) {
        Spool *s = NULL;

        assert_int_equal(spool_open(&s, path, &(SpoolOptions){ .boot_id = boot_id, .page_slots = 8, .record_bytes = 8192 },
                                    note, sizeof(note)), 0);
        return s;
}

static int put(Spool *s, uint64_t seq, const char *json) {
        return spool_record_put(s, &(SpoolRecord){ .seq = seq, .origin_nsec = seq * 10, .origin_pid = 7, .type = 1,
                                                   .meta = "mm", .meta_size = 2, .json = json,
                                                   .json_size = (uint32_t) strlen(json) });
}

static int collect(const SpoolRecord *r, void *userdata) {
        char *text = userdata;

        assert_int_equal(r->origin_nsec, r->seq * 10);
        assert_memory_equal(r->meta, "mm", 2);
        (void) sprintf(text + strlen(text), "%llu:%.*s ", (unsigned long long) r->seq, (int) r->json_size, r->json);
        return 0;
}

static void test_records_survive_until_committed(void **state) {
        char text[256] = "";
        Spool *s = open_as("boot");
        SpoolRecord r;

        (void) state;
        assert_int_equal(put(s, 1, "one"), 0);
        assert_int_equal(put(s, 2, "two"), 0);
        assert_int_equal(put(s, 2, "again"), -EINVAL);
        spool_records_committed(s, 1);
        spool_close(s);

        s = open_as("boot");
        assert_string_equal(note, "");
        (void) spool_records_replay(s, collect, text);
        assert_string_equal(text, "2:two ");
        assert_int_equal(spool_last_seq(s), 2);
        assert_int_equal(spool_record_find(s, 2, &r), 0);
        assert_int_equal(spool_record_find(s, 1, &r), -ENOENT);
        spool_close(s);
}

static void test_the_ring_turns_many_times_and_counts_what_does_not_fit(void **state) {
        char json[700], text[16384] = "";
        Spool *s = open_as("boot");
        uint64_t seq = 0, used, size;
        int r = 0;

        (void) state;
        memset(json, 'x', sizeof(json));
        json[sizeof(json) - 1] = '\0';
        for (int i = 0; i < 200; i++) {
                assert_int_equal(put(s, ++seq, json + i % 300), 0);
                spool_records_committed(s, seq > 3 ? seq - 3 : 0);
        }
        while (r == 0)
                r = put(s, ++seq, json);
        assert_int_equal(r, -ENOBUFS);
        assert_int_equal(spool_lost(s), 1);
        spool_usage(s, &used, &size);
        assert_true(used <= size);
        (void) spool_records_replay(s, collect, text);
        spool_records_committed(s, UINT64_MAX);
        spool_usage(s, &used, &size);
        assert_int_equal(used, 0);
        assert_int_equal(put(s, 1, "a new ledger begins"), 0);
        spool_close(s);
}

static void test_another_boot_is_set_aside(void **state) {
        char text[64] = "";
        Spool *s = open_as("boot one");

        (void) state;
        assert_int_equal(put(s, 1, "one"), 0);
        spool_close(s);
        s = open_as("boot two");
        assert_non_null(strstr(note, "another boot"));
        (void) spool_records_replay(s, collect, text);
        assert_string_equal(text, "");
        spool_close(s);
}

static void test_only_one_may_have_it(void **state) {
        Spool *s = open_as("boot"), *other = NULL;

        (void) state;
        assert_int_equal(spool_open(&other, path, &(SpoolOptions){ .boot_id = "boot" }, note, sizeof(note)), -EBUSY);
        spool_close(s);
}

static int count_page(const PageInfo *info, const void *data, void *userdata) {
        assert_int_equal(info->generation, 0xabc);
        assert_int_equal(((const uint8_t *) data)[100], 1);
        ++*(int *) userdata;
        return 0;
}

static void test_pages_count_from_the_kernels_copy_on(void **state) {
        PageInfo info = { .generation = 0xabc, .instance = PAGE_KILLS, .cpu = 1, .length = PAGE_BYTES };
        uint64_t commit = 64;
        Spool *s = open_as("boot");
        const PageStore *p = spool_pages(s);
        uint32_t slots[4];
        uint8_t *data[4];
        int n = 0;

        (void) state;
        for (int i = 0; i < 4; i++)
                assert_int_equal(p->take(p->userdata, &slots[i], (void **) &data[i]), 0);
        p->about(p->userdata, slots[0], &info);         /* died before the read: nothing there */
        for (int i = 1; i < 4; i++) {
                p->about(p->userdata, slots[i], &info);
                memcpy(data[i] + 8, &commit, sizeof(commit));
                data[i][100] = 1;
        }
        p->full(p->userdata, slots[2], &info);          /* [1]: died right after the read */
        p->full(p->userdata, slots[3], &info);
        p->delivered(p->userdata, slots[2], 5);
        p->free(p->userdata, slots[3]);
        p->counters[3] = 42;
        spool_close(s);

        s = open_as("boot");
        p = spool_pages(s);
        (void) spool_pages_replay(s, count_page, &n);
        assert_int_equal(n, 2);
        assert_int_equal(p->counters[3], 42);
        assert_int_equal(p->left(p->userdata, 1, &slots[0], (void **) &data[0], &info), 0);
        assert_int_equal(info.delivered, 5);
        spool_close(s);
}

static void test_all_slots_taken_is_said(void **state) {
        Spool *s = open_as("boot");
        const PageStore *p = spool_pages(s);
        uint32_t slot;
        void *data;

        (void) state;
        for (uint32_t i = 0; i < p->n_slots; i++)
                assert_int_equal(p->take(p->userdata, &slot, &data), 0);
        assert_int_equal(p->take(p->userdata, &slot, &data), -ENOBUFS);
        p->free(p->userdata, 3);
        assert_int_equal(p->take(p->userdata, &slot, &data), 0);
        assert_int_equal(slot, 3);
        spool_close(s);
}

static void test_formats_are_kept_for_the_last_generations(void **state) {
        Spool *s = open_as("boot");
        const PageStore *p = spool_pages(s);
        const char *text;
        size_t length;

        (void) state;
        for (uint32_t g = 1; g <= 6; g++)
                assert_int_equal(p->formats_save(p->userdata, g, "format", 6), 0);
        assert_int_equal(p->formats_find(p->userdata, 2, &text, &length), -ENOENT);
        assert_int_equal(p->formats_find(p->userdata, 6, &text, &length), 0);
        assert_int_equal(length, 6);
        spool_close(s);
}

/* Any byte may be damaged: what comes back is a record that was put, or less of them, never something else. */
static int only_known(const SpoolRecord *r, void *userdata) {
        (void) userdata;
        assert_true(r->json_size == 3 && memcmp(r->json, "abc", 3) == 0);
        return 0;
}

static void test_damage_is_never_believed(void **state) {
        (void) state;
        for (long at = 0; at < 600; at++) {
                Spool *s = open_as("boot");
                char byte;
                int fd;
                struct stat st;
                long place;

                spool_records_committed(s, UINT64_MAX);
                for (uint64_t seq = 1; seq <= 4; seq++)
                        (void) put(s, spool_last_seq(s) + 1, "abc");
                spool_close(s);
                fd = open(path, O_RDWR | O_CLOEXEC);
                assert_int_equal(fstat(fd, &st), 0);
                place = at < 300 ? at : (long) st.st_size - 8192 + (at - 300) * 8;
                assert_int_equal(pread(fd, &byte, 1, place), 1);
                byte = (char) ~byte;
                assert_int_equal(pwrite(fd, &byte, 1, place), 1);
                close(fd);
                s = open_as("boot");
                (void) spool_records_replay(s, only_known, NULL);
                spool_close(s);
                (void) unlink(path);
        }
}

static void test_a_killed_writer_leaves_whole_records(void **state) {
        (void) state;
        for (int round = 0; round < 20; round++) {
                pid_t pid;
                Spool *s;
                int ready[2];
                char byte;

                (void) unlink(path);
                assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
                pid = fork();
                if (pid == 0) {
                        s = open_as("boot");
                        /* Killed earlier it leaves no spool yet, and on a busy host it would be. */
                        if (write(ready[1], "", 1) != 1)
                                _exit(1);
                        for (uint64_t seq = 1;; seq++)
                                if (put(s, seq, "abc") == -ENOBUFS)
                                        spool_records_committed(s, seq - 20);
                }
                assert_int_equal(read(ready[0], &byte, 1), 1);
                close(ready[0]);
                close(ready[1]);
                usleep((useconds_t) (round * 317));
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
                s = open_as("boot");
                assert_string_equal(note, "");
                (void) spool_records_replay(s, only_known, NULL);
                spool_close(s);
        }
}

/* What is temporary is known to the next life, however this one ended; to none of another boot. */
static void test_what_is_kept_outlives_a_crash(void **state) {
        SpoolKept freeze = { .kind = SPOOL_FREEZE, .cgroup_id = 7, .until_usec = 99, .path = "/a" }, got;
        Spool *s = open_as("boot");
        int first = spool_keep(s, &freeze), second = spool_keep(s, &(SpoolKept) { .kind = SPOOL_PAUSE, .uid = 4001 });

        (void) state;
        assert_true(first >= 0 && second >= 0 && first != second);
        spool_drop(s, second);
        spool_drop(s, -ENOBUFS);
        assert_int_equal(*(const char *) spool_room(s), 0);
        (void) strcpy(spool_room(s), "known");
        spool_close(s);
        s = open_as("boot");
        assert_string_equal(note, "");
        assert_true(spool_kept(s, first, &got));
        assert_true(got.kind == SPOOL_FREEZE && got.cgroup_id == 7 && got.until_usec == 99);
        assert_string_equal(got.path, "/a");
        assert_false(spool_kept(s, second, &got));
        assert_string_equal(spool_room(s), "known");
        assert_false(spool_kept(s, -1, &got) || spool_kept(s, SPOOL_KEPT_MAX, &got));
        for (int i = 1; i < SPOOL_KEPT_MAX; i++)
                assert_true(spool_keep(s, &freeze) >= 0);
        assert_int_equal(spool_keep(s, &freeze), -ENOBUFS);
        spool_close(s);
        s = open_as("another");
        assert_false(spool_kept(s, first, &got));
        assert_int_equal(*(const char *) spool_room(s), 0);
        spool_close(s);
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                ROW(test_records_survive_until_committed),
                ROW(test_the_ring_turns_many_times_and_counts_what_does_not_fit),
                ROW(test_another_boot_is_set_aside),
                ROW(test_only_one_may_have_it),
                ROW(test_pages_count_from_the_kernels_copy_on),
                ROW(test_all_slots_taken_is_said),
                ROW(test_formats_are_kept_for_the_last_generations),
                ROW(test_damage_is_never_believed),
                ROW(test_a_killed_writer_leaves_whole_records),
                ROW(test_what_is_kept_outlives_a_crash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
