/* What happened before we were here: read back once per ledger and boot. */
#include "supervisor/flow/history.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/flow/late.h"

/* Markers name ledger and boot: a new one of either is a first start. One stands while all is read back from the beginning: who
 * begins after a crash in the middle begins there too. The other stands since that was done. */
#define READING_BACK "reading-back"
#define READ_BACK "read-back"

static int marker_path(const Supervisor *s, const char *name, char *buf, size_t size) {
        return snprintf(buf, size, "%s/%s", s->options.runtime_directory, name) < (int) size ? 0 : -ENAMETOOLONG;
}

/* Returns what stands in the marker behind ledger and boot: a moment of this boot, or 1; 0: it is not there, or not ours. */
static uint64_t marked_nsec(const Supervisor *s, const char *name) {
        char path[1100], have[96] = "", want[64];
        _cleanup_close_ int fd = -1;
        uint64_t nsec;
        int n = snprintf(want, sizeof(want), "%s %s", clerk_ledger_id(s->clerk), s->boot_id);

        if (marker_path(s, name, path, sizeof(path)) < 0)
                return 0;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || read(fd, have, sizeof(have) - 1) <= 0 || strncmp(have, want, (size_t) n) != 0)
                return 0;
        nsec = strtoull(have + n, NULL, 10);
        return nsec > 0 ? nsec : 1;
}

static void mark(const Supervisor *s, const char *name, uint64_t nsec) {
        char path[1100], text[96];
        _cleanup_close_ int fd = -1;
        int n = snprintf(text, sizeof(text), "%s %s %" PRIu64, clerk_ledger_id(s->clerk), s->boot_id, nsec);

        if (marker_path(s, name, path, sizeof(path)) < 0)
                return;
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0)
                (void) !write(fd, text, (size_t) n);
}

static void unmark(const Supervisor *s, const char *name) {
        char path[1100];

        if (marker_path(s, name, path, sizeof(path)) == 0)
                (void) unlink(path);
}

uint64_t history_unfinished_nsec(const Supervisor *s) {
        return marked_nsec(s, READING_BACK);
}

/* What of it failed may succeed at the next start; that there is none, or that we may not, stays so. */
static bool comes_again(int error) {
        return error < 0 && error != -EPERM && error != -EACCES && error != -ENOENT && error != -ENXIO;
}

/* The next run shall read all of it once more: what it has by then it is asked for. */
static void read_next_time(Supervisor *s, int error) {
        char text[160];

        (void) snprintf(text, sizeof(text), "The kernel's log could not be read back to its end: %s. The next start reads it again.",
                        strerror(-error));
        if (s->crier)
                (void) crier_say(s->crier, 4, text);
        s->read_back = s->accounted_before = false;
        unmark(s, READ_BACK);
        mark(s, READING_BACK, s->ledger_begun_nsec);
}

void history_take(Supervisor *s) {
        ReadbackCounts counts = { 0 };
        ReadbackKill *read = NULL;

        if (s->readback) {
                readback_counts(s->readback, &counts);
                while (!late_full(s) && (read = readback_take(s->readback))) {
                        late_read_back(s, read);
                        (void) readback_kill_free(read);
                }
        }
        if (counts.done && !late_full(s)) {
                s->readback_io = sd_event_source_disable_unref(s->readback_io);
                s->readback = readback_free(s->readback);
                s->read_back_dropped += counts.dropped;
                s->read_back = true;
                if (comes_again(counts.kmsg_error))
                        read_next_time(s, counts.kmsg_error);
        }
        /* Whoever kills us before the last one stands in the spool makes us read once more. */
        if (s->read_back && !late_reads_back(s)) {
                s->read_back = s->accounted_before = false;
                mark(s, READ_BACK, 0);
                unmark(s, READING_BACK);
        }
}

static int on_readback(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) fd, (void) revents;
        ring_drain_fd(readback_ring(s->readback));
        history_take(s);
        return 0;
}

/* Where no probe was in place since the last record was written, no ring kept what happened, but the kernel's log did. */
static bool rings_kept_it(const Supervisor *s) {
        return s->from.kprobe && kprobe_since_nsec(s->from.kprobe) <= late_recorded_nsec(s);
}

static void begin(Supervisor *s, const ReadbackOptions *options) {
        int r = readback_new(&s->readback, options);

        if (r < 0)
                read_next_time(s, r);
        else
                (void) state_io(s, &s->readback_io, ring_fd(readback_ring(s->readback)), EPOLLIN, 10, on_readback);
}

/* Kernel log stamps and ours differ: a little more than what is asked for. */
static int64_t with_slack(int64_t realtime_usec) {
        return realtime_usec - 2000000;
}

void history_read(Supervisor *s) {
        ReadbackOptions options = { .boot_id = s->boot_id };
        bool again = marked_nsec(s, READ_BACK) > 0, whole = s->opening.created || history_unfinished_nsec(s) > 0;

        if (s->readback || (again && rings_kept_it(s)))
                return;
        if (again)
                options.journal = options.pstore = "";
        /* A known ledger has all up to its newest record. */
        if (whole)
                mark(s, READING_BACK, s->ledger_begun_nsec);
        else if (s->opening.last_time_usec > 2000000)
                options.since_realtime_usec = with_slack((int64_t) s->opening.last_time_usec);
        begin(s, &options);
}

void history_read_missed(Supervisor *s, uint64_t since_nsec) {
        ReadbackOptions options = {
                .boot_id = s->boot_id,
                .journal = "",
                .pstore = "",
                .since_realtime_usec = with_slack((int64_t) (since_nsec / 1000) + s->emit.context.realtime_offset_usec),
        };

        /* What is read back already reaches further. */
        if (!s->readback)
                begin(s, &options);
}

void history_read_again(Supervisor *s) {
        unmark(s, READ_BACK);
        s->opening.created = true;
        s->opening.last_time_usec = 0;
        s->ledger_begun_nsec = clock_boottime_nsec();
        s->accounted_before = true;
        history_read(s);
}

void history_done(Supervisor *s) {
        s->readback_io = sd_event_source_disable_unref(s->readback_io);
        s->readback = readback_free(s->readback);
}
