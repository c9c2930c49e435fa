#include "supervisor/host/journalread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>

struct Journalread {
        sd_journal *journal;
};

int journalread_open(Journalread **ret, const char *directory, int64_t since_realtime_usec) {
        enum { THRESHOLD = 16384 };     /* longer than any record of the kernel log */
        Journalread *j = calloc(1, sizeof(*j));
        int r;

        if (!j)
                return -ENOMEM;
        r = directory ? sd_journal_open_directory(&j->journal, directory, 0) : sd_journal_open(&j->journal, SD_JOURNAL_LOCAL_ONLY);
        /* A trusted field: only journald itself writes it. */
        if (r >= 0)
                r = sd_journal_add_match(j->journal, "_TRANSPORT=kernel", 0);
        if (r >= 0)
                r = sd_journal_set_data_threshold(j->journal, THRESHOLD);
        if (r >= 0)
                r = since_realtime_usec > 0 ? sd_journal_seek_realtime_usec(j->journal, (uint64_t) since_realtime_usec)
                                            : sd_journal_seek_head(j->journal);
        if (r < 0) {
                journalread_close(j);
                return r;
        }
        *ret = j;
        return 0;
}

Journalread *journalread_close(Journalread *j) {
        if (j)
                sd_journal_close(j->journal);
        free(j);
        return NULL;
}

/* The value of a field of the present entry. */
static bool field(sd_journal *journal, const char *name, const char **ret, size_t *ret_length) {
        size_t prefix = strlen(name) + 1, length;
        const void *data;

        if (sd_journal_get_data(journal, name, &data, &length) < 0 || length < prefix)
                return false;
        *ret = (const char *) data + prefix;
        *ret_length = length - prefix;
        return true;
}

static void copy(char *to, size_t size, const char *from, size_t length) {
        if (length >= size)
                length = size - 1;
        memcpy(to, from, length);
        to[length] = '\0';
}

/* What root wrote into /dev/kmsg comes by the same way, with a facility that is not the kernel's. */
static bool from_kernel(sd_journal *journal) {
        const char *value;
        size_t n;

        return !field(journal, "SYSLOG_FACILITY", &value, &n) || (n == 1 && *value == '0');
}

static bool read_entry(sd_journal *journal, JournalLine *ret) {
        uint64_t realtime, monotonic;
        char number[24];
        sd_id128_t boot;
        const char *value;
        size_t n;

        *ret = (JournalLine) { .length = 0 };
        if (!from_kernel(journal) || sd_journal_get_realtime_usec(journal, &realtime) < 0 ||
            sd_journal_get_monotonic_usec(journal, &monotonic, &boot) < 0)
                return false;
        sd_id128_to_string(boot, ret->boot_id);
        ret->monotonic_usec = monotonic;
        if (field(journal, "_SOURCE_MONOTONIC_TIMESTAMP", &value, &n)) {
                copy(number, sizeof(number), value, n);
                ret->monotonic_usec = strtoull(number, NULL, 10);
        }
        /* journald stamps when it reads; the kernel wrote some time before. */
        ret->realtime_usec = (int64_t) realtime - (int64_t) (monotonic - ret->monotonic_usec);
        if (field(journal, "_HOSTNAME", &value, &n))
                copy(ret->host, sizeof(ret->host), value, n);
        return field(journal, "MESSAGE", &ret->text, &ret->length);     /* last: reading another field would void it */
}

int journalread_next(Journalread *j, JournalLine *ret) {
        for (;;) {
                int r = sd_journal_next(j->journal);

                if (r <= 0)
                        return r;
                if (read_entry(j->journal, ret))
                        return 1;
        }
}
