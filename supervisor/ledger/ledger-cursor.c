/* Names of ledgers and of records in them, and what they stand for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "supervisor/ledger/ledger-private.h"

void ledger_id_make(char ret[static LEDGER_ID_SIZE]) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
        unsigned char random[LEDGER_ID_SIZE - 1] = { 0 };

        (void) !getrandom(random, sizeof(random), 0);
        for (size_t i = 0; i < sizeof(random); i++)
                ret[i] = letters[random[i] % (sizeof(letters) - 1)];
        ret[LEDGER_ID_SIZE - 1] = '\0';
}

void ledger_cursor_format(char *text, size_t size, const char *ledger_id, uint64_t seq) {
        (void) snprintf(text, size, "%s-%llu", ledger_id, (unsigned long long) seq);
}

/* A plain decimal number, no sign, no space. */
static int seq_parse(const char *text, uint64_t *ret) {
        unsigned long long v;
        size_t digits = strspn(text, "0123456789");

        if (digits == 0 || digits > 18 || text[digits])
                return -EINVAL;
        v = strtoull(text, NULL, 10);
        *ret = v;
        return 0;
}

int ledger_cursor_parse(const char *text, const char *ledger_id, uint64_t *ret_seq) {
        const char *dash = strchr(text, '-');

        if (!dash)
                return -EINVAL;
        if (dash - text != LEDGER_ID_SIZE - 1 || seq_parse(dash + 1, ret_seq) < 0)
                return -EINVAL;
        return strncmp(text, ledger_id, LEDGER_ID_SIZE - 1) == 0 ? 0 : -ESTALE;
}

static void seq_take(const LedgerRow *row, void *userdata) {
        uint64_t *first = userdata;

        if (*first == 0)
                *first = row->meta.seq;
}

/* "last" is the newest kill, "last~2" the third newest. */
static int find_last(Ledger *l, const LedgerQuery *q, const char *word, uint64_t *ret_seq) {
        LedgerQuery last = { .types = 1U << REEVE_RECORD_KILL, .newest = true, .limit = 1, .cgroup = q->cgroup,
                             .for_reader = q->for_reader, .reader_uid = q->reader_uid };
        uint64_t back = 0, seq = 0;
        int64_t n;

        if (word[4] && (word[4] != '~' || seq_parse(word + 5, &back) < 0 || back > 1000000))
                return -EINVAL;
        last.limit = back + 1;
        n = ledger_list(l, &last, seq_take, &seq, NULL);
        if (n < 0)
                return (int) n;
        if ((uint64_t) n <= back)
                return -ENOENT;
        *ret_seq = seq;
        return 0;
}

int ledger_find(Ledger *l, const LedgerQuery *q, const char *word, uint64_t *ret_seq) {
        int r;

        if (strncmp(word, "last", 4) == 0)
                return find_last(l, q, word, ret_seq);
        r = seq_parse(word, ret_seq);
        return r == 0 ? 0 : ledger_cursor_parse(word, l->id, ret_seq);
}
