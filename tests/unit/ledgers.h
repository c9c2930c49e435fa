#pragma once
/* A ledger of its own for each test, in a folder that goes with it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/ledger/ledger.h"

static char folder[64], file[96];

static inline int folder_make(void **state) {
        (void) state;
        (void) snprintf(folder, sizeof(folder), "/tmp/reeve-ledger-XXXXXX");
        assert_non_null(mkdtemp(folder));
        (void) snprintf(file, sizeof(file), "%s/ledger.db", folder);
        return 0;
}

static inline int folder_remove(void **state) {
        DIR *d = opendir(folder);
        struct dirent *e;

        (void) state;
        while ((e = readdir(d)))
                (void) unlinkat(dirfd(d), e->d_name, 0);
        closedir(d);
        return rmdir(folder);
}

static inline Ledger *ledger_open_with(const LedgerBounds *bounds, LedgerOpening *o) {
        static const LedgerBounds all = LEDGER_BOUNDS_DEFAULT;
        char text[512];
        Ledger *l = NULL;
        int r = ledger_open(&l, file, bounds ? bounds : &all, NULL, 0, o, text, sizeof(text));

        if (r < 0)
                fail_msg("%d %s", r, text);
        return l;
}

static inline void add_text(Ledger *l, RecordMeta meta, const char *json, int want) {
        assert_int_equal(ledger_begin(l), 0);
        assert_int_equal(ledger_insert(l, &meta, json, strlen(json)), want);
        assert_int_equal(ledger_commit(l), 0);
        assert_true(ledger_retain(l, 0) >= 0);
}

static inline void add_kill(Ledger *l, uint64_t seq, int64_t owner, const char *path) {
        char json[512];

        (void) snprintf(json, sizeof(json),
                        "{\"type\":\"kill\",\"boot_id\":\"b\",\"key\":\"b:%llu:7\",\"cgroup\":{\"path\":\"%s\",\"id\":%llu},"
                        "\"reason\":\"own_limit\",\"identity\":{\"unit\":\"u%d.service\",\"container_id\":\"abcdef%llu\"},"
                        "\"victims\":[{\"pid\":1,\"uid\":1234}]}",
                        (unsigned long long) seq, path, (unsigned long long) seq + 1000, (int) (seq % 2),
                        (unsigned long long) seq);
        add_text(l, (RecordMeta) { .seq = seq, .type = REEVE_RECORD_KILL, .time_usec = seq * 1000000, .owner_uid = owner,
                                   .origin_nsec = seq * 10, .origin_pid = 5 }, json, 1);
}

typedef struct Taken {
        uint64_t seqs[512];
        size_t n;
} Taken;

static inline void take(const LedgerRow *row, void *userdata) {
        Taken *t = userdata;

        assert_int_equal(strlen(row->json), row->length);
        t->seqs[t->n++] = row->meta.seq;
}

static inline Taken query(Ledger *l, LedgerQuery q) {
        Taken t = { .n = 0 };

        int64_t n = ledger_list(l, &q, take, &t, NULL);

        assert_int_equal(n, t.n);
        return t;
}

#define QUERY(l, ...) query((l), (LedgerQuery) { __VA_ARGS__ })

/* A test in such a folder. */
#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)
