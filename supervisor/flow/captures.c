#include "supervisor/flow/captures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/clock.h"
#include "supervisor/flow/capturebox.h"
#include "supervisor/flow/capturesection.h"
#include "supervisor/flow/whose.h"

enum { STREAMS_MAX = 4, STREAM_BYTES = 1 << 20, GROUP_BYTES = 128, UNSENT_MAX = 256 << 10, PIECE_BYTES = 64 << 10 };

/* Whoever captures over the socket. */
typedef struct CaptureStream {
        Capturing capturing;
        ServerCall *call;               /* NULL: free */
        uint64_t left_out;              /* rounds, since the section ended */
} CaptureStream;

struct Captures {
        CaptureStream streams[STREAMS_MAX];
};

static void stream_close(CaptureStream *t) {
        free(t->capturing.out.data);
        capturing_clear(&t->capturing);
        *t = (CaptureStream) { .call = NULL };
}

static void stream_end(CaptureStream *t, const char *word) {
        capture_put_end(&t->capturing.out, clock_boottime_nsec() / 1000, word);
        server_reply_text(t->call, "data", t->capturing.out.data, t->capturing.out.length);
        stream_close(t);
}

/* Up to PIECE_BYTES of whole lines. */
static size_t piece_of(const char *text, size_t length) {
        const char *newline = length > PIECE_BYTES ? memrchr(text, '\n', PIECE_BYTES) : NULL;

        return newline ? (size_t) (newline - text) + 1 : length;
}

static void stream_flush(CaptureStream *t) {
        Strbuf *out = &t->capturing.out;

        for (size_t done = 0; done < out->length;) {
                size_t n = piece_of(out->data + done, out->length - done);

                server_continue_text(t->call, "data", out->data + done, n);
                done += n;
        }
        out->length = 0;
}

/* Whether @t can take more; a reader who has gone frees his place. */
static bool stream_ready(CaptureStream *t) {
        if (!t->call)
                return false;
        if (server_call_gone(t->call)) {
                server_reply(t->call, NULL);
                stream_close(t);
                return false;
        }
        if (server_call_unsent(t->call) <= UNSENT_MAX)
                return true;
        /* He reads too slowly: what comes meanwhile is left out, and told. */
        capturing_end(&t->capturing);
        t->left_out++;
        return false;
}

static void stream_round(Supervisor *s, CaptureStream *t, const Batch *b, uint64_t now_usec) {
        if (!stream_ready(t))
                return;
        if (!t->capturing.whole) {
                if (t->left_out > 0)
                        capture_put_lost(&t->capturing.out, t->left_out);
                t->left_out = 0;
                capturesection_begin(s, &t->capturing, now_usec);
                stream_flush(t);
        }
        capturing_round(&t->capturing, b, now_usec);
        t->left_out += !t->capturing.whole;
}

static void reply_recent(Supervisor *s, ServerCall *call) {
        uint64_t now = clock_boottime_nsec() / 1000;
        const char *texts[3];
        char end[CAPTUREBOX_END_BYTES];
        size_t lengths[3], n = s->capturebox->halves[0] ? capturebox_texts(s->capturebox, texts, lengths, end, now) : 0;

        for (size_t i = 0; i + 1 < n; i++)
                server_continue_text(call, "data", texts[i], lengths[i]);
        server_reply_text(call, "data", n ? end : "", n ? lengths[n - 1] : 0);
}

void captures_answer(ServerCall *call, bool recent, void *userdata) {
        Supervisor *s = userdata;
        CaptureStream *t = NULL;
        TreeCounts tree;
        size_t size;

        if (recent) {
                reply_recent(s, call);
                return;
        }
        for (size_t i = 0; i < STREAMS_MAX && !t; i++)
                if (!s->captures->streams[i].call)
                        t = &s->captures->streams[i];
        if (!t) {
                server_fail_text(call, "Failed", "four others capture already");
                return;
        }
        tree_counts(s->tree, &tree);
        size = STREAM_BYTES + tree.alive * GROUP_BYTES;
        *t = (CaptureStream) { .call = call, .capturing = { .judging = &s->rules.judging, .head = capturesection_head(s), .all = true } };
        t->capturing.out = (Strbuf) { .data = malloc(size), .size = size };
        if (!t->capturing.out.data) {
                t->call = NULL;
                server_fail_text(call, "Failed", "no memory");
                return;
        }
        capturesection_begin(s, &t->capturing, clock_boottime_nsec() / 1000);
        stream_flush(t);
}

/* ---- what happens, for all that want to know ---- */

/* Calls @what for the box and every stream. */
typedef void CaptureTell(Capturing *c, const void *what);
static void each(Supervisor *s, CaptureTell *what, const void *userdata) {
        Captures *c = s->captures;

        if (!c)
                return;
        if (s->capturebox->halves[0])
                what(&s->capturebox->capturing, userdata);
        for (size_t i = 0; i < STREAMS_MAX; i++)
                if (c->streams[i].call)
                        what(&c->streams[i].capturing, userdata);
}

void captures_round(Supervisor *s, const Batch *b, uint64_t now_usec) {
        Captures *c = s->captures;

        capturebox_round(s, b, now_usec);
        for (size_t i = 0; i < STREAMS_MAX; i++)
                stream_round(s, &c->streams[i], b, now_usec);
}

void captures_round_done(Supervisor *s) {
        for (size_t i = 0; i < STREAMS_MAX; i++)
                if (s->captures->streams[i].call)
                        stream_flush(&s->captures->streams[i]);
}

static void tell_decided(Capturing *c, const void *what) {
        const Doing *d = what;
        CaptureVerdict v = { .cookie = d->cookie, .time_usec = d->time_nsec / 1000, .match_id = d->match_id, .victim_id = d->victim_id,
                             .action = d->verdict.action, .step = d->verdict.step, .dry_run = d->verdict.dry_run,
                             .reason = d->verdict.reason, .members = d->note.members, .members_length = strlen(d->note.members) };

        capturing_decided(c, &v, d->note.rule);
}

void captures_decided(Supervisor *s, const Doing *d) {
        each(s, tell_decided, d);
        capturebox_store(s);
}

typedef struct Looked {
        uint64_t cookie;
        int64_t total_pages;
        const PickProcess *processes;
        size_t n, open;
        const char *members;
} Looked;

static void tell_looked(Capturing *c, const void *what) {
        const Looked *l = what;

        capturing_looked(c, l->cookie, l->total_pages, l->processes, l->n, l->open, l->members);
}

void captures_looked(Supervisor *s, const Doing *d, int64_t total_pages, const PickProcess *processes, size_t n, size_t open) {
        each(s, tell_looked, &(Looked) { d->cookie, total_pages, processes, n, open, d->note.members });
}

typedef struct Done {
        uint64_t cookie, now_usec, victim;
        ReeveOutcome outcome;
        bool known;
} Done;

static void tell_done(Capturing *c, const void *what) {
        const Done *d = what;

        capturing_done(c, d->cookie, d->now_usec, d->outcome, d->known, d->victim);
}

void captures_done(Supervisor *s, const Doing *d, ReeveOutcome outcome, bool known, uint64_t now_usec) {
        each(s, tell_done, &(Done) { d->cookie, now_usec, d->process_key ? d->process_key : d->victim_id, outcome, known });
}

static void tell_reset(Capturing *c, const void *what) {
        (void) what;
        capturing_end(c);
}

void captures_reset(Supervisor *s) {
        each(s, tell_reset, NULL);
}

static void tell_born(Capturing *c, const void *id) {
        capturing_born(c, *(const uint64_t *) id);
}

void captures_born(Supervisor *s, uint64_t id) {
        each(s, tell_born, &id);
}

static void tell_died(Capturing *c, const void *id) {
        capturing_died(c, *(const uint64_t *) id);
}

void captures_died(Supervisor *s, uint64_t id) {
        each(s, tell_died, &id);
}

typedef struct KernelKill {
        uint64_t usec, cgroup_id, limit_id;
        const char *path;
} KernelKill;

static void tell_kernel(Capturing *c, const void *what) {
        const KernelKill *k = what;

        capturing_kernel(c, k->usec, k->cgroup_id, k->limit_id, k->path);
}

void captures_kernel(Supervisor *s, const Kill *kill) {
        bool host = kill->scope == REEVE_SCOPE_HOST;
        KernelKill k = { .usec = kill->time_nsec / 1000, .cgroup_id = kill->n_victims > 0 ? kill->victims[0].cgroup.id : 0,
                         .limit_id = host ? 0 : kill->limit.id };

        if (!s->captures || kill->killer != REEVE_KILLER_KERNEL || !capturebox_rate(s->capturebox, k.usec))
                return;
        k.path = whose_path(s, k.cgroup_id);
        k.path = k.path ? k.path : "";
        for (size_t i = 0; i < STREAMS_MAX; i++)
                if (s->captures->streams[i].call)
                        tell_kernel(&s->captures->streams[i].capturing, &k);
        if (!capturebox_concerns(s->capturebox, k.cgroup_id, k.limit_id, host))
                return;
        tell_kernel(&s->capturebox->capturing, &k);
        capturebox_store(s);
}

/* ---- asked ---- */

bool captures_find(const Supervisor *s, const char *boot_id, uint64_t usec, char *ret, size_t size) {
        return s->capturebox->files && blackbox_find(s->capturebox->files, boot_id, usec, ret, size);
}

json_t *captures_json(const Supervisor *s) {
        BlackboxCounts n = { .files = 0 };

        if (s->capturebox->files)
                blackbox_counts(s->capturebox->files, &n);
        return json_pack("{s:s?, s:I, s:I, s:I, s:I, s:I, s:s?}", "directory",
                         s->capturebox->files ? blackbox_directory(s->capturebox->files) : NULL, "files", (json_int_t) n.files, "bytes", (json_int_t) n.bytes, "stored",
                         (json_int_t) n.stored, "dropped", (json_int_t) n.dropped, "lost", (json_int_t) s->capturebox->capturing.lost, "error",
                         n.error ? strerror(-n.error) : NULL);
}

int captures_open(Supervisor *s) {
        s->captures = calloc(1, sizeof(*s->captures));
        return s->captures ? capturebox_open(s) : -ENOMEM;
}

void captures_close(Supervisor *s) {
        Captures *c = s->captures;

        if (!c)
                return;
        for (size_t i = 0; i < STREAMS_MAX; i++)
                if (c->streams[i].call)
                        stream_end(&c->streams[i], "stopped");
        capturebox_close(s);
        free(c);
        s->captures = NULL;
}
