#include "supervisor/flow/capturebox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/flow/capturesection.h"

/* Ten hot cgroups make 2 KB a second: each half of the box is some two minutes of them. */
enum { HALF_BYTES = 256 << 10 };

/* A file is written when what followed is in it too, and not more often than this; what is older than the last is no last minute. */
enum { STORE_AFTER_USEC = 2000000, STORE_EVERY_USEC = 10000000, STALE_USEC = 300000000, KILLS_PER_SEC = 50, STOP_WAIT_USEC = 1000000 };

static void half_take(CaptureBox *c, int half) {
        c->active = half;
        c->lengths[half] = 0;
        c->from_usec[half] = 0;
        c->capturing.out = (Strbuf) { .data = c->halves[half], .size = HALF_BYTES - CAPTUREBOX_END_BYTES };
}

static void box_begin(Supervisor *s, CaptureBox *c, uint64_t now_usec) {
        capturesection_begin(s, &c->capturing, now_usec);
        if (c->from_usec[c->active] == 0)
                c->from_usec[c->active] = now_usec;
}

/* What does not fit goes into the other half, over what was oldest. */
void capturebox_round(Supervisor *s, const Batch *b, uint64_t now_usec) {
        CaptureBox *c = s->capturebox;

        if (!c->halves[0])
                return;
        if (!b->hot) {
                capturing_round(&c->capturing, b, now_usec);
                return;
        }
        if (now_usec - c->capturing.last_usec > STALE_USEC && c->capturing.out.length > 0) {
                capturing_end(&c->capturing);
                half_take(c, 1 - c->active);
                half_take(c, 1 - c->active);
        }
        if (!c->capturing.whole)
                box_begin(s, c, now_usec);
        capturing_round(&c->capturing, b, now_usec);
        if (c->capturing.whole)
                return;
        c->lengths[c->active] = c->capturing.out.length;
        half_take(c, 1 - c->active);
        box_begin(s, c, now_usec);
        capturing_round(&c->capturing, b, now_usec);
}

/* The halves in their order, and an end. Returns how many texts. */
size_t capturebox_texts(CaptureBox *c, const char *texts[static 3], size_t lengths[static 3], char end[static CAPTUREBOX_END_BYTES],
                        uint64_t now_usec) {
        Strbuf b = { .data = end, .size = CAPTUREBOX_END_BYTES };
        int other = 1 - c->active;
        size_t n = 0;

        if (c->capturing.out.length == 0)
                return 0;
        if (c->from_usec[other] && c->lengths[other] > 0) {
                texts[n] = c->halves[other];
                lengths[n++] = c->lengths[other];
        }
        texts[n] = c->halves[c->active];
        lengths[n++] = c->capturing.out.length;
        capture_put_end(&b, now_usec, "blackbox");
        texts[n] = end;
        lengths[n++] = b.length;
        return n;
}

static uint64_t box_from(const CaptureBox *c) {
        uint64_t other = c->from_usec[1 - c->active];

        return other ? other : c->from_usec[c->active];
}

static int on_store(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        CaptureBox *c = s->capturebox;
        BlackboxSpan span = { .from_usec = box_from(c), .to_usec = clock_boottime_nsec() / 1000,
                              .offset_usec = s->emit.context.realtime_offset_usec };
        const char *texts[3];
        char end[CAPTUREBOX_END_BYTES];
        size_t lengths[3], n = capturebox_texts(c, texts, lengths, end, span.to_usec);

        (void) source, (void) usec;
        c->stored_usec = span.to_usec;
        if (n > 0 && c->files)
                (void) blackbox_store(c->files, &span, texts, lengths, n);
        return 0;
}

void capturebox_store(Supervisor *s) {
        CaptureBox *c = s->capturebox;
        uint64_t now = clock_boottime_nsec() / 1000, next = c->stored_usec ? c->stored_usec + STORE_EVERY_USEC : 0;

        if (c->files && c->capturing.out.length > 0)
                state_timer(s, &c->store_timer, next > now + STORE_AFTER_USEC ? next - now : STORE_AFTER_USEC, on_store);
}

static void files_open(Supervisor *s, CaptureBox *c, bool make) {
        char directory[1100];
        BlackboxOptions options = { .directory = directory, .boot_id = s->boot_id, .size = 2 * HALF_BYTES + CAPTUREBOX_END_BYTES };

        (void) snprintf(directory, sizeof(directory), "%s/blackbox", s->options.state_directory);
        if (!c->files && (make || access(directory, F_OK) == 0))
                (void) blackbox_new(&c->files, &options);
}

int capturebox_open(Supervisor *s) {
        s->capturebox = calloc(1, sizeof(*s->capturebox));
        if (!s->capturebox)
                return -ENOMEM;
        /* Files of earlier runs are named where they are asked for. */
        files_open(s, s->capturebox, /* make= */ false);
        return 0;
}

void capturebox_fill(Supervisor *s) {
        CaptureBox *c = s->capturebox;

        files_open(s, c, /* make= */ true);
        if (c->halves[0])
                return;
        c->halves[0] = calloc(1, HALF_BYTES);
        c->halves[1] = calloc(1, HALF_BYTES);
        if (!c->halves[0] || !c->halves[1]) {
                free(c->halves[0]);
                free(c->halves[1]);
                c->halves[0] = c->halves[1] = NULL;
                return;
        }
        c->capturing.judging = &s->rules.judging;
        c->capturing.head = capturesection_head(s);
        half_take(c, 0);
}

bool capturebox_concerns(const CaptureBox *c, uint64_t cgroup_id, uint64_t limit_id, bool host) {
        uint64_t told;

        return c->halves[0] && (host || idmap_get(&c->capturing.told, cgroup_id, &told) || idmap_get(&c->capturing.told, limit_id, &told));
}

bool capturebox_rate(CaptureBox *c, uint64_t usec) {
        if (c->kills_sec != usec / 1000000) {
                c->kills_sec = usec / 1000000;
                c->kills = 0;
        }
        return ++c->kills <= KILLS_PER_SEC;
}

void capturebox_close(Supervisor *s) {
        CaptureBox *c = s->capturebox;

        if (!c)
                return;
        if (c->store_timer && sd_event_source_get_enabled(c->store_timer, NULL) > 0)
                (void) on_store(NULL, 0, s);
        c->store_timer = sd_event_source_disable_unref(c->store_timer);
        c->files = blackbox_free(c->files, STOP_WAIT_USEC);
        capturing_clear(&c->capturing);
        free(c->halves[0]);
        free(c->halves[1]);
        free(c);
        s->capturebox = NULL;
}
