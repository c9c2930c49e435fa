/* A peer's question that waits for an answer of another thread, and the cgroup it means. */
#include "supervisor/flow/asked.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/flow/sources.h"
#include "supervisor/flow/whose.h"
#include "supervisor/host/proc.h"
#include "supervisor/text/escape.h"

enum { MATCHES_MAX = 16 };

Asked *asked_new(Supervisor *s, AskedKind kind, ServerCall *call) {
        Asked *a = calloc(1, sizeof(*a));

        if (!a) {
                server_fail_text(call, "Failed", "no memory");
                return NULL;
        }
        /* Cookies of peers' questions have the top bit, seqs of records never reach it. */
        *a = (Asked) { .next = s->asked, .cookie = ++s->next_cookie | UINT64_C(1) << 63, .kind = kind, .call = call };
        s->asked = a;
        return a;
}

Asked *asked_find(Supervisor *s, uint64_t cookie) {
        for (Asked *a = s->asked; a; a = a->next)
                if (a->cookie == cookie)
                        return a;
        return NULL;
}

void asked_end(Supervisor *s, Asked *a) {
        for (Asked **p = &s->asked; *p; p = &(*p)->next)
                if (*p == a) {
                        *p = a->next;
                        break;
                }
        json_decref(a->records);
        free(a->values);
        free(a);
}

void asked_done(Supervisor *s) {
        while (s->asked) {
                server_fail_text(s->asked->call, "Failed", "reeved stops");
                asked_end(s, s->asked);
        }
}

/* Ends @call with @object, whose reference it takes. */
void asked_reply(ServerCall *call, json_t *object) {
        _cleanup_free_ char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

        if (text)
                server_reply(call, text);
        else
                server_fail_text(call, "Failed", "no memory");
        json_decref(object);
}

bool asked_pid(Supervisor *s, ServerCall *call, const char *word, const char *values, bool dry_run, bool risk) {
        EyesRequest look = { .kind = EYES_PARTIES, .n_victims = 1 };
        Asked *a;

        if (strncmp(word, "pid:", 4) != 0)
                return false;
        look.victims[0].tgid = proc_pid_parse(word + 4);
        a = asked_new(s, ASKED_PID, call);
        if (!a)
                return true;
        a->values = values ? strdup(values) : NULL;
        a->dry_run = dry_run;
        a->risk = risk;
        look.cookie = a->cookie;
        if ((values && !a->values) || !eyes_post(s->eyes, &look)) {
                server_fail_text(call, "Failed", "too many reads are under way");
                asked_end(s, a);
        }
        return true;
}

static bool lives(const Supervisor *s, uint64_t id) {
        TreeGroup group;

        return tree_get(s->tree, id, &group) && group.alive;
}

size_t asked_lookup(Supervisor *s, const char *word, uint64_t *ret, size_t max) {
        size_t n = tree_resolve(s->tree, word, ret, max), length;
        char raw[4096];

        /* Of what was made a moment ago nothing was read yet. */
        if (n == 0 || !lives(s, ret[0])) {
                sources_drain(s);
                n = tree_resolve(s->tree, word, ret, max);
        }
        if (n == 0 && strchr(word, '\\') && escape_undo(raw, sizeof(raw), word, &length) == 0 && strlen(raw) == length)
                n = tree_resolve(s->tree, raw, ret, max);
        return n;
}

/* As asked_lookup(), for at most MATCHES_MAX; @out says which there are. */
static size_t resolve(Supervisor *s, const char *word, uint64_t ids[static MATCHES_MAX], Strbuf *out) {
        size_t n = asked_lookup(s, word, ids, MATCHES_MAX);

        strbuf_puts(out, word);
        for (size_t i = 0; i < n && i < MATCHES_MAX; i++) {
                const char *path = whose_path(s, ids[i]);

                strbuf_printf(out, "%sid:%" PRIu64 " ", i ? ", " : " may be any of: ", ids[i]);
                escape_text(out, path ? path : "(no longer known)");
        }
        return n;
}

/* The one living or dead cgroup that @word names. Returns its id; 0 with the call ended where there is none, or several. */
uint64_t asked_resolve(Supervisor *s, ServerCall *call, const char *word) {
        uint64_t ids[MATCHES_MAX];
        char text[4096];

        if (resolve(s, word, ids, &(Strbuf) STRBUF_INIT(text)) == 1)
                return ids[0];
        server_fail_text(call, "NotFound", text);
        return 0;
}

bool asked_may_read(Supervisor *s, const ServerCall *call, uint64_t id) {
        const ServerPeer *peer = server_call_peer(call);

        return peer->reads_all || whose_owner_uid(s, id) == (int64_t) peer->uid;
}

int asked_path(const char *name, char *ret, size_t size, void *userdata) {
        Strbuf why = { .data = ret, .size = size }, out = why;
        Supervisor *s = userdata;
        uint64_t ids[MATCHES_MAX];
        size_t n = asked_lookup(s, name, ids, MATCHES_MAX);
        const char *path = n == 1 ? whose_path(s, ids[0]) : NULL;

        if (path)
                escape_text(&out, path);
        else if (name[0] == '/')
                strbuf_puts(&out, name);
        else {
                (void) resolve(s, name, ids, &why);
                return n > 1 ? -ENOTUNIQ : -ENOENT;
        }
        return out.truncated ? -EINVAL : 0;
}

int asked_locate(const char *name, char *ret, size_t size, ServerCgroup *ret_cgroup, void *userdata) {
        Supervisor *s = userdata;
        int r = asked_path(name, ret, size, userdata);
        char raw[4096];
        TreeGroup group;
        uint64_t id;

        if (r < 0)
                return r;
        if (tree_resolve(s->tree, name, &id, 1) != 1)
                id = escape_undo(raw, sizeof(raw), ret, NULL) == 0 ? tree_find(s->tree, raw) : 0;
        ret_cgroup->id = id;
        ret_cgroup->since_usec = tree_get(s->tree, id, &group) && group.alive ? group.since_nsec / 1000 : 0;
        return 0;
}

LimitRequester asked_requester(Supervisor *s, const ServerPeer *peer, Asker *room) {
        LimitRequester r = { .known = true, .uid = peer->uid, .pid = peer->pid };
        const char *unit = NULL;

        if (proc_read(peer->pid, "comm", room->comm, sizeof(room->comm)) > 0) {
                room->comm[strcspn(room->comm, "\n")] = '\0';
                r.comm = room->comm;
        }
        if (proc_cgroup(peer->pid, room->path, sizeof(room->path), NULL) >= 0)
                unit = whose_unit(s, tree_find(s->tree, room->path));
        if (unit) {
                (void) snprintf(room->unit, sizeof(room->unit), "%s", unit);
                r.unit = room->unit;
        }
        return r;
}

typedef struct Pending {
        uint64_t after;
        LedgerTake *take;
        void *userdata;
} Pending;

static int take_pending(const SpoolRecord *record, void *userdata) {
        const Pending *p = userdata;
        LedgerRow row = { .json = record->json, .length = record->json_size };

        if (record->seq <= p->after || record->meta_size != sizeof(row.meta))
                return 0;
        memcpy(&row.meta, record->meta, sizeof(row.meta));
        p->take(&row, p->userdata);
        return 0;
}

void asked_pending(uint64_t after_seq, LedgerTake *take, void *take_userdata, void *userdata) {
        Supervisor *s = userdata;
        Pending pending = { .after = after_seq, .take = take, .userdata = take_userdata };

        (void) spool_records_replay(s->spool, take_pending, &pending);
}
