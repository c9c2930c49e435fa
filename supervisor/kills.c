/* Who was killed? From an attributed kill to its record, and to what is learned of it afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"
#include "supervisor/supervisor.h"

enum { MANAGER_SETTLE_USEC = 120 * 1000 };      /* a decision's signals follow each other within 100 ms */

/* A kill from before our start: in a ring, in the spool's pages, in the kernel's log. Whether it is recorded already only
 * the ledger knows, and that takes a moment. Everything it points to is its own. */
struct LateKill {
        LateKill *next;
        Supervisor *s;
        Kill kill;
        RecordContext context;
        bool foreign;                   /* of another boot, or read back: context differs from the emitter's */
        char boot_id[37];
        char key[128];
};

static int write_kill(Strbuf *out, const RecordContext *context, const void *what) {
        return record_kill(out, context, what);
}

static int write_sigkill(Strbuf *out, const RecordContext *context, const void *what) {
        return record_sigkill(out, context, what);
}

/* What the victim's names taught us: a cgroup that no mkdir event told of. Whether it still lives an eye finds out. */
static void learn_cgroup(Supervisor *s, const KillCgroup *cgroup) {
        TreeGroup group;
        EyesRequest look = { .kind = EYES_OWNER, .cgroup_id = cgroup->id };

        if (cgroup->id == 0 || !cgroup->path || cgroup->path[0] != '/' || tree_get(s->tree, cgroup->id, &group))
                return;
        if (tree_learn(s->tree, &(TreeBirth) { .id = cgroup->id, .path = cgroup->path, .owner = TREE_OWNER_UNKNOWN }) > 0)
                (void) eyes_post(s->eyes, &look);
}

/* Asks the eyes what is left to see: who else is there, who filled it. The answer's cookie is the record's seq. */
static void ask_details(Supervisor *s, const Kill *kill, uint64_t seq) {
        EyesRequest request = { .kind = EYES_KILL_DETAILS, .cookie = seq };
        const char *path;

        if (kill->n_victims > 0)
                request.cgroup_id = kill->victims[0].cgroup.id;
        if (kill->scope != REEVE_SCOPE_HOST)
                request.limit_id = kill->limit.id;
        path = request.cgroup_id ? groups_path(s, request.cgroup_id) : NULL;
        if (path)
                (void) snprintf(request.path, sizeof(request.path), "%s", path);
        path = request.limit_id ? groups_path(s, request.limit_id) : NULL;
        if (path)
                (void) snprintf(request.limit_path, sizeof(request.limit_path), "%s", path);
        for (size_t i = 0; i < kill->n_victims && i < EYES_VICTIMS_MAX; i++)
                request.victims[request.n_victims++] =
                        (EyesVictim) { .tgid = kill->victims[i].tgid, .start_nsec = kill->victims[i].start_nsec };
        if (!eyes_post(s->eyes, &request))
                s->details_missed++;
}

static void emit_kill(Supervisor *s, const Kill *kill, const RecordContext *context, bool look) {
        uint64_t group = kill->n_victims > 0 ? kill->victims[0].cgroup.id : 0;
        EmitHead head = {
                .type = REEVE_RECORD_KILL,
                .time_nsec = kill->time_nsec,
                .origin_nsec = kill->time_nsec,
                .origin_pid = kill->invoker_tid,
                .owner_uid = group ? groups_owner_uid(s, group) : RECORD_OWNER_UNKNOWN,
                .context = context,
        };
        uint64_t seq = emit_record(&s->emit, &head, write_kill, kill);

        if (seq > 0 && look) {
                MemoryEvents before;
                bool known = kill->limit.id && eventswatch_last(s->eventswatch, kill->limit.id, &before, NULL);

                aftermath_keep(&s->aftermaths, seq, kill, known ? &before : NULL);
                ask_details(s, kill, seq);
        }
}

/* Kill points to constant text; here it is ours. */
static void free_text(const char *text) {
        free((void *) (uintptr_t) text);
}

static LateKill *late_free(LateKill *l) {
        if (!l)
                return NULL;
        free_text(l->kill.limit.path);
        free_text(l->kill.kill_cgroup.path);
        for (size_t i = 0; i < l->kill.n_victims; i++)
                free_text(l->kill.victims[i].cgroup.path);
        free(l->kill.victims);
        free(l);
        return NULL;
}

static const char *copy_text(const char *text) {
        return text ? strdup(text) : NULL;
}

/* A copy that owns what it points to. NULL: no memory. */
static LateKill *late_new(Supervisor *s, const Kill *kill) {
        LateKill *l = calloc(1, sizeof(*l));

        if (!l)
                return NULL;
        l->s = s;
        l->kill = *kill;
        l->kill.late = true;
        l->kill.victims = calloc(kill->n_victims + 1, sizeof(KillVictim));
        l->kill.limit.path = copy_text(kill->limit.path);
        l->kill.kill_cgroup.path = copy_text(kill->kill_cgroup.path);
        if (!l->kill.victims) {
                l->kill.n_victims = 0;
                return late_free(l);
        }
        memcpy(l->kill.victims, kill->victims, kill->n_victims * sizeof(KillVictim));
        for (size_t i = 0; i < kill->n_victims; i++)
                l->kill.victims[i].cgroup.path = copy_text(kill->victims[i].cgroup.path);
        l->kill.max_victims = kill->n_victims;
        return l;
}

static void late_unlink(LateKill *l) {
        for (LateKill **p = &l->s->late; *p; p = &(*p)->next)
                if (*p == l) {
                        *p = l->next;
                        return;
                }
}

static void on_exists(const ClerkAnswer *answer, void *userdata) {
        LateKill *l = userdata;

        late_unlink(l);
        /* Where the ledger cannot say, one record too many is better than one too few. */
        if (answer->error < 0 || answer->number == 0)
                emit_kill(l->s, &l->kill, l->foreign ? &l->context : NULL, !l->foreign);
        (void) late_free(l);
}

static void late_ask(LateKill *l) {
        Supervisor *s = l->s;
        ClerkQuery query = {
                .question = CLERK_EXISTS,
                .boot_id = l->boot_id[0] ? l->boot_id : s->emit.context.boot_id,
        };

        if (l->foreign)
                query.query.key = l->key[0] ? l->key : NULL;
        else {
                query.origin_nsec = l->kill.time_nsec;
                query.origin_pid = l->kill.invoker_tid;
        }
        l->next = s->late;
        s->late = l;
        if (clerk_ask(s->clerk, &query, on_exists, l) < 0)
                on_exists(&(ClerkAnswer) { .error = -EAGAIN }, l);
}

uint64_t kills_releasable_nsec(const Supervisor *s) {
        uint64_t oldest = UINT64_MAX;

        for (const LateKill *l = s->late; l; l = l->next)
                if (!l->foreign && l->kill.time_nsec < oldest)
                        oldest = l->kill.time_nsec;
        return oldest == UINT64_MAX ? oldest : oldest - 1;
}

void kills_take(Supervisor *s, const Kill *kill) {
        LateKill *late;

        for (size_t i = 0; i < kill->n_victims; i++)
                learn_cgroup(s, &kill->victims[i].cgroup);
        learn_cgroup(s, &kill->limit);
        if (kill->n_victims > 0 && !groups_watched(s, kill->victims[0].cgroup.id)) {
                s->from.outside += kill->confirmed;
                return;
        }
        s->from.recorded += kill->confirmed;
        if (kill->time_nsec >= s->started_nsec) {
                emit_kill(s, kill, NULL, true);
                return;
        }
        late = late_new(s, kill);
        if (late)
                late_ask(late);
        else
                emit_kill(s, kill, NULL, false);
}

/* ---- what the eyes saw ---- */

typedef struct More {
        const char *of, *text;
        size_t length;
        uint64_t time_nsec;
} More;

static int write_more(Strbuf *out, const RecordContext *context, const void *what) {
        const More *m = what;

        return record_more(out, context, m->of, m->time_nsec, m->text, m->length);
}

static void emit_more(Supervisor *s, uint64_t of_seq, uint64_t group, const char *text) {
        char of[EMIT_ID_SIZE];
        More more = { .of = emit_id(&s->emit, of_seq, of), .text = text, .length = strlen(text),
                      .time_nsec = clock_boottime_nsec() };
        EmitHead head = {
                .type = REEVE_RECORD_MORE,
                .time_nsec = more.time_nsec,
                .of_seq = of_seq,
                .owner_uid = group ? groups_owner_uid(s, group) : RECORD_OWNER_UNKNOWN,
        };

        (void) emit_record(&s->emit, &head, write_more, &more);
}

void kills_details(Supervisor *s, const EyesAnswer *answer) {
        json_t *details = answer->text ? json_loads(answer->text, 0, NULL) : NULL;
        _cleanup_free_ char *text = NULL;

        if (json_is_object(details)) {
                aftermath_complete(&s->aftermaths, answer->cookie, details, s->tree, groups_path, s);
                text = json_dumps(details, JSON_COMPACT);
        }
        if (text)
                emit_more(s, answer->cookie, answer->cgroup_id, text);
        json_decref(details);
}

/* ---- signals that were no OOM ---- */

static bool is_manager(const Supervisor *s, const char *unit) {
        for (size_t i = 0; unit[0] && i < s->config->reeve.managers.count; i++)
                if (strcmp(s->config->reeve.managers.items[i].text, unit) == 0)
                        return true;
        return false;
}

/* Managers are known by their cgroup, never by their comm, which anybody can take. */
static bool sent_by_manager(Supervisor *s, const EyesParty *sender, char unit[static IDENTITY_NAME_SIZE]) {
        const Identity *identity = sender->cgroup_id ? groups_identity(s, sender->cgroup_id) : NULL;

        (void) snprintf(unit, IDENTITY_NAME_SIZE, "%s", identity && identity->certain ? identity->unit : "");
        return is_manager(s, unit);
}

static void on_managers_kill(const Kill *kill, void *userdata) {
        kills_take(userdata, kill);
}

static int on_managers_done(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        ManagerkillSink sink = { .kill = on_managers_kill, .userdata = s };

        (void) source, (void) usec;
        if (managerkill_settle(&s->managerkill, clock_boottime_nsec(), &sink))
                supervisor_timer(s, &s->managerkill_timer, MANAGER_SETTLE_USEC, on_managers_done);
        return 0;
}

/* The signals of one decision (a cgroup with forty processes) are one kill. */
static void feed_managers_kill(Supervisor *s, const Sigkill *signal, const EyesParty *sender, const char *unit) {
        ManagerkillSink sink = { .kill = on_managers_kill, .userdata = s };
        KillProcess who = { .pid = sender->tgid, .uid = sender->uid };

        (void) snprintf(who.comm, sizeof(who.comm), "%s", sender->comm);
        (void) snprintf(who.unit, sizeof(who.unit), "%s", unit);
        managerkill_feed(&s->managerkill, signal, REEVE_KILLER_OOM_MANAGER, &who, &sink);
        supervisor_timer(s, &s->managerkill_timer, MANAGER_SETTLE_USEC, on_managers_done);
}

static void emit_sigkill(Supervisor *s, const Sigkill *signal, const EyesParty *sender) {
        EmitHead head = {
                .type = REEVE_RECORD_SIGKILL,
                .time_nsec = signal->time_nsec,
                .origin_nsec = signal->time_nsec,
                .origin_pid = signal->sender_tid,
                .owner_uid = signal->cgroup.id ? groups_owner_uid(s, signal->cgroup.id) : RECORD_OWNER_UNKNOWN,
        };

        /* The record's writer asks groups_process() for the sender. */
        s->sender = sender;
        s->sender_tid = signal->sender_tid;
        (void) emit_record(&s->emit, &head, write_sigkill, signal);
        s->sender = NULL;
}

static void end_signal(Supervisor *s, Sigkill *signal, const EyesParty *sender, const EyesParty *target) {
        char unit[IDENTITY_NAME_SIZE] = "";
        bool manager = sent_by_manager(s, sender, unit);

        /* The comm of the event is the target's: where the two differ the pid is somebody else's by now. */
        if (target->tgid > 0 && strcmp(target->comm, signal->comm) == 0) {
                signal->uid = target->uid;
                signal->start_nsec = target->start_nsec;
                signal->cgroup.id = target->cgroup_id;
                signal->cgroup.path = target->path[0] ? target->path : NULL;
        }
        if (manager && signal->means != REEVE_MEANS_KERNEL)
                feed_managers_kill(s, signal, sender, unit);
        else if (signal->signal == 9)
                emit_sigkill(s, signal, sender);
}

void kills_parties(Supervisor *s, const EyesAnswer *answer) {
        for (size_t i = 0; i < SIGNALS_MAX; i++)
                if (s->signals[i].cookie == answer->cookie) {
                        end_signal(s, &s->signals[i].signal, &answer->parties[1], &answer->parties[0]);
                        s->signals[i].cookie = 0;
                        return;
                }
}

/* Users can send these at any speed: what finds no place is counted, and is no loss of a kill. */
void kills_take_signal(Supervisor *s, const Sigkill *signal) {
        static const EyesParty nobody = { .uid = -1 };
        EyesRequest look = { .kind = EYES_PARTIES, .n_victims = 2 };
        size_t i = 0;

        /* An OOM's shared_mm victims and pid namespaces that end come from the kernel: nobody to look for. */
        if (signal->time_nsec < s->started_nsec || signal->means == REEVE_MEANS_KERNEL) {
                Sigkill copy = *signal;

                end_signal(s, &copy, &nobody, &nobody);
                return;
        }
        while (i < SIGNALS_MAX && s->signals[i].cookie)
                i++;
        look.cookie = ++s->next_cookie;
        look.victims[0].tgid = signal->pid;
        look.victims[1].tgid = signal->sender_tid;
        if (i == SIGNALS_MAX || !eyes_post(s->eyes, &look)) {
                s->signals_skipped++;
                return;
        }
        s->signals[i] = (SignalAsked) { .cookie = look.cookie, .signal = *signal };
}

/* ---- what happened before we were here ---- */

static int marker_path(const Supervisor *s, char *buf, size_t size) {
        return snprintf(buf, size, "%s/read-back", s->options.runtime_directory) < (int) size ? 0 : -ENAMETOOLONG;
}

/* The marker names ledger and boot: a new one of either is a first start. */
static bool is_read_back(Supervisor *s) {
        char path[1100], have[64] = "", want[64];
        _cleanup_close_ int fd = -1;

        (void) snprintf(want, sizeof(want), "%s %s", clerk_ledger_id(s->clerk), s->boot_id);
        if (marker_path(s, path, sizeof(path)) < 0)
                return false;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || read(fd, have, sizeof(have) - 1) <= 0)
                return false;
        return strcmp(have, want) == 0;
}

static void mark_read_back(Supervisor *s) {
        char path[1100], text[64];
        _cleanup_close_ int fd = -1;
        int n = snprintf(text, sizeof(text), "%s %s", clerk_ledger_id(s->clerk), s->boot_id);

        if (marker_path(s, path, sizeof(path)) < 0)
                return;
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0)
                (void) !write(fd, text, (size_t) n);
}

void kills_readback(Supervisor *s) {
        ReadbackOptions options = { 0 };

        if (s->readback || is_read_back(s))
                return;
        /* A known ledger has all up to its newest record; two seconds more, since kernel log stamps and ours differ. */
        if (!s->opening.created && s->opening.last_time_usec > 2000000)
                options.since_realtime_usec = (int64_t) s->opening.last_time_usec - 2000000;
        if (readback_new(&s->readback, &options) < 0)
                return;
        (void) supervisor_io(s, &s->readback_io, ring_fd(readback_ring(s->readback)), EPOLLIN, 10, kills_on_readback);
}

static void take_read_back(Supervisor *s, const ReadbackKill *read) {
        LateKill *l = late_new(s, &read->kill);
        Strbuf key;

        if (!l)
                return;
        l->foreign = true;
        l->context = s->emit.context;
        (void) snprintf(l->boot_id, sizeof(l->boot_id), "%s", read->this_boot ? s->boot_id : read->boot_id);
        l->context.boot_id = l->boot_id[0] ? l->boot_id : NULL;
        if (read->realtime_usec > 0)
                l->context.realtime_offset_usec = read->realtime_usec - (int64_t) (read->kill.time_nsec / 1000);
        key = (Strbuf) STRBUF_INIT(l->key);
        (void) record_key(&key, l->context.boot_id, &l->kill);
        late_ask(l);
}

int kills_on_readback(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        ReadbackCounts counts;
        ReadbackKill *read;

        (void) source, (void) fd, (void) revents;
        ring_drain_fd(readback_ring(s->readback));
        while ((read = readback_take(s->readback))) {
                take_read_back(s, read);
                (void) readback_kill_free(read);
        }
        readback_counts(s->readback, &counts);
        if (counts.done) {
                s->readback_io = sd_event_source_disable_unref(s->readback_io);
                s->readback = readback_free(s->readback);
                mark_read_back(s);
        }
        return 0;
}

void kills_done(Supervisor *s) {
        s->readback_io = sd_event_source_disable_unref(s->readback_io);
        s->readback = readback_free(s->readback);
        s->managerkill_timer = sd_event_source_disable_unref(s->managerkill_timer);
        while (s->late) {
                LateKill *l = s->late;

                s->late = l->next;
                (void) late_free(l);
        }
}
