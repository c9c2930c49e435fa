#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "supervisor/text/record.h"
#include "supervisor/text/recordpart.h"
#include "supervisor/text/sentence.h"

enum { SENTENCE_SIZE = 40960, COMMAND_LINE_MAX = 512 };

bool record_key(Strbuf *out, const char *boot_id, const Kill *k) {
        const KillVictim *v = k->victims;

        if (!boot_id || k->n_victims == 0)
                return false;
        if (v->start_nsec)
                strbuf_printf(out, "%s:%d:%" PRIu64, boot_id, v->tgid, v->start_nsec / 1000);
        else
                strbuf_printf(out, "%s:%d:@%" PRIu64, boot_id, v->tgid, k->time_nsec / 1000);
        return !out->truncated;
}

/* Arguments with blanks between them, at most 512 bytes. */
static json_t *command_line(const RecordContext *c, const RecordProcess *p) {
        char line[COMMAND_LINE_MAX];
        size_t n = p->cmdline_length < sizeof(line) ? p->cmdline_length : sizeof(line);

        if (!c->command_line || !p->cmdline)
                return json_null();
        memcpy(line, p->cmdline, n);
        while (n > 0 && line[n - 1] == '\0')
                n--;
        for (size_t i = 0; i < n; i++)
                if (line[i] == '\0')
                        line[i] = ' ';
        return record_part_bytes(line, n);
}

static RecordProcess look_up(const RecordContext *c, int32_t pid, uint64_t start_nsec) {
        static const RecordProcess nothing = { .ppid = -1, .ns_pid = -1, .uid = -1, .main = -1 };
        RecordProcess p = nothing;

        if (pid <= 0 || !c->sources.process || !c->sources.process(c->sources.userdata, pid, start_nsec, &p))
                p = nothing;
        return p;
}

static json_t *boolean_or_null(int value) {
        return value < 0 ? json_null() : json_boolean(value);
}

static bool same_cgroup(const KillCgroup *a, const KillCgroup *b) {
        if (a->id != 0 || b->id != 0)
                return a->id == b->id;
        return a->path && b->path && strcmp(a->path, b->path) == 0;
}

static json_t *victim(const RecordContext *c, const Kill *k, const KillVictim *v) {
        RecordProcess p = look_up(c, v->tgid, v->start_nsec);
        json_t *o = json_object();

        json_object_set_new(o, "pid", record_part_number(v->tgid > 0 ? v->tgid : -1));
        json_object_set_new(o, "start_usec", v->start_nsec ? json_integer((json_int_t) (v->start_nsec / 1000)) : json_null());
        json_object_set_new(o, "comm", record_part_name(v->comm));
        json_object_set_new(o, "cmdline", command_line(c, &p));
        json_object_set_new(o, "ppid", record_part_number(p.ppid));
        json_object_set_new(o, "ns_pid", record_part_number(p.ns_pid));
        json_object_set_new(o, "uid", record_part_number(v->uid >= 0 ? v->uid : p.uid));
        json_object_set_new(o, "why", record_part_word(reeve_victim_why_to_string((int) v->why)));
        json_object_set_new(o, "main", boolean_or_null(p.main));
        if (!same_cgroup(&v->cgroup, &k->victims[0].cgroup))
                json_object_set_new(o, "cgroup", record_part_cgroup(c, &v->cgroup));
        json_object_set_new(o, "anon_bytes", record_part_number(v->anon_bytes));
        json_object_set_new(o, "file_bytes", record_part_number(v->file_bytes));
        json_object_set_new(o, "shmem_bytes", record_part_number(v->shmem_bytes));
        json_object_set_new(o, "swap_bytes", record_part_number(v->swap_bytes));
        json_object_set_new(o, "page_table_bytes", record_part_number(v->page_table_bytes));
        json_object_set_new(o, "peak_rss_bytes", json_null());
        json_object_set_new(o, "runtime_usec", json_null());
        json_object_set_new(o, "oom_score_adj", v->oom_score_adj == KILL_ADJ_UNKNOWN ? json_null() : json_integer(v->oom_score_adj));
        json_object_set_new(o, "points", v->points == KILL_UNKNOWN ? json_null() : json_integer(v->points));
        return o;
}

static json_t *victims(const RecordContext *c, const Kill *k, size_t n) {
        json_t *a = json_array();

        for (size_t i = 0; i < n; i++)
                json_array_append_new(a, victim(c, k, &k->victims[i]));
        return a;
}

static json_t *nulls(const char *const names[]) {
        json_t *o = json_object();

        for (size_t i = 0; names[i]; i++)
                json_object_set_new(o, names[i], json_null());
        return o;
}

static json_t *counters(void) {
        static const char *const names[] = { "low", "high", "max", "oom", "oom_kill", "oom_group_kill", NULL };
        json_t *o = json_object();

        json_object_set_new(o, "before", nulls(names));
        json_object_set_new(o, "after", nulls(names));
        return o;
}

static const char *const memory_names[] = { "current_bytes", "peak_bytes", "high_bytes", "max_bytes", "swap_bytes", "anon_bytes",
                                            "file_bytes", "shmem_bytes", "kernel_bytes", "unevictable_bytes",
                                            "unreclaimable_bytes", NULL };

/* What the page counters of the limit's owner said at the moment of the kill; the rest comes with `more`. */
static json_t *limit_memory(const Kill *k, json_t *unlimited, const char *max_path) {
        json_t *o = nulls(memory_names);

        json_object_set_new(o, "current_bytes", record_part_number(k->limit_current_bytes));
        json_object_set_new(o, "peak_bytes", record_part_number(k->limit_peak_bytes));
        json_object_set_new(o, "max_bytes", record_part_limit(k->limit_bytes, unlimited, max_path));
        json_object_set_new(o, "swap_bytes", record_part_number(k->limit_swap_bytes));
        return o;
}

static void add_memory(json_t *o, const Kill *k, json_t *unlimited) {
        bool self = k->scope == REEVE_SCOPE_SELF;

        json_object_set_new(o, "memory", self ? limit_memory(k, unlimited, "memory.max_bytes") : nulls(memory_names));
        json_object_set_new(o, "limit_memory", limit_memory(k, unlimited, "limit_memory.max_bytes"));
}

static json_t *killer_process(const Kill *k) {
        json_t *o;

        if (k->killer_process.pid <= 0)
                return json_null();
        o = json_object();
        json_object_set_new(o, "pid", record_part_number(k->killer_process.pid));
        json_object_set_new(o, "comm", record_part_name(k->killer_process.comm));
        json_object_set_new(o, "uid", record_part_number(k->killer_process.uid));
        json_object_set_new(o, "unit", record_part_name(k->killer_process.unit));
        return o;
}

/* Where it was and of which process it is a thread comes with `more`, unless it is one of its own victims, as often. */
static json_t *invoker(const RecordContext *c, const Kill *k) {
        KillCgroup cgroup = { .id = 0 };
        int64_t tgid = RECORD_UNKNOWN;
        json_t *o;

        if (k->invoker_tid <= 0 && !k->invoker_comm[0])
                return json_null();
        for (size_t i = 0; i < k->n_victims && tgid < 0 && k->invoker_tid > 0; i++)
                if (k->victims[i].tgid == k->invoker_tid || k->victims[i].tid == k->invoker_tid) {
                        cgroup = k->victims[i].cgroup;
                        tgid = k->victims[i].tgid;
                }
        o = json_object();
        json_object_set_new(o, "pid", record_part_number(k->invoker_tid > 0 ? k->invoker_tid : -1));
        json_object_set_new(o, "tgid", record_part_number(tgid));
        json_object_set_new(o, "comm", record_part_name(k->invoker_comm));
        json_object_set_new(o, "cgroup", record_part_cgroup(c, &cgroup));
        return o;
}

static json_t *gfp(const Kill *k) {
        char text[512];
        Strbuf b = STRBUF_INIT(text);

        if (k->gfp_text[0])
                return record_part_text(k->gfp_text);
        if (k->gfp == KILL_UNKNOWN)
                return json_null();
        record_say_gfp(&b, k->gfp);
        return json_string_nocheck(text);
}

static json_t *sources(const Kill *k) {
        json_t *a = json_array();

        for (int i = 0; reeve_source_to_string(i); i++)
                if (k->sources & 1u << i)
                        json_array_append_new(a, record_part_word(reeve_source_to_string(i)));
        return a;
}

static int64_t owner_uid(const RecordContext *c, uint64_t id) {
        return id && c->sources.owner_uid ? c->sources.owner_uid(c->sources.userdata, id) : RECORD_UNKNOWN;
}

static json_t *key(const RecordContext *c, const Kill *k) {
        char text[128];
        Strbuf b = STRBUF_INIT(text);

        return record_key(&b, c->boot_id, k) ? record_part_text(text) : json_null();
}

/* Who, what limit, by which choice: what the kernel decided. */
static void add_decision(json_t *o, const RecordContext *c, const Kill *k, json_t *unlimited) {
        const KillCgroup *cgroup = k->n_victims > 0 ? &k->victims[0].cgroup : &k->counted;

        json_object_set_new(o, "key", key(c, k));
        json_object_set_new(o, "killer", record_part_word(reeve_killer_to_string((int) k->killer)));
        json_object_set_new(o, "killer_process", killer_process(k));
        json_object_set_new(o, "scope", record_part_word(reeve_scope_to_string((int) k->scope)));
        json_object_set_new(o, "cgroup", record_part_cgroup(c, cgroup));
        json_object_set_new(o, "limit_cgroup", record_part_cgroup(c, &k->limit));
        json_object_set_new(o, "limit_bytes", record_part_limit(k->limit_bytes, unlimited, "limit_bytes"));
        json_object_set_new(o, "constraint", record_part_word(reeve_constraint_to_string((int) k->constraint)));
        json_object_set_new(o, "selection", record_part_word(reeve_selection_to_string((int) k->selection)));
        json_object_set_new(o, "invoker", invoker(c, k));
        json_object_set_new(o, "order", k->order == KILL_ADJ_UNKNOWN ? json_null() : json_integer(k->order));
        json_object_set_new(o, "gfp", gfp(k));
        json_object_set_new(o, "group_kill", k->group_unknown ? json_null() : json_boolean(k->group_kill));
        json_object_set_new(o, "kill_cgroup", record_part_cgroup(c, &k->kill_cgroup));
        json_object_set_new(o, "attempts", json_integer(k->confirmed));
        json_object_set_new(o, "owner_uid", record_part_number(owner_uid(c, cgroup->id)));
        json_object_set_new(o, "identity", record_part_identity(c, cgroup->id));
}

/* What is seldom known at once: there from the beginning, filled in by `more`. */
static void add_later(json_t *o) {
        static const char *const pressure[] = { "some_avg10_ratio", "full_avg10_ratio", NULL };
        static const char *const after[] = { "unit_result", "restarted_time", NULL };

        json_object_set_new(o, "counters", counters());
        json_object_set_new(o, "contributors", json_null());
        json_object_set_new(o, "processes", json_null());
        json_object_set_new(o, "processes_complete", json_null());
        json_object_set_new(o, "pressure", nulls(pressure));
        json_object_set_new(o, "after", nulls(after));
}

static void add_confidence(json_t *o, const Kill *k) {
        json_object_set_new(o, "sources", sources(k));
        json_object_set_new(o, "tier", record_part_word(reeve_tier_to_string((int) k->tier)));
        json_object_set_new(o, "confidence", record_part_word(reeve_confidence_to_string((int) k->confidence)));
        json_object_set_new(o, "late", json_boolean(k->late));
        json_object_set_new(o, "reason", record_part_word(reeve_reason_to_string((int) k->reason)));
}

static int write_kill(Strbuf *out, const RecordContext *c, const Kill *k, size_t n) {
        json_t *o = record_part_common(c, REEVE_RECORD_KILL, k->time_nsec), *unlimited = json_array();
        char sentence[SENTENCE_SIZE];
        Strbuf s = STRBUF_INIT(sentence);

        record_say_kill(&s, c, k);
        add_decision(o, c, k, unlimited);
        json_object_set_new(o, "victims", victims(c, k, n));
        json_object_set_new(o, "victims_complete", json_boolean(k->victims_complete && n == k->n_victims));
        add_memory(o, k, unlimited);
        add_later(o);
        json_object_set_new(o, "unlimited", unlimited);
        add_confidence(o, k);
        json_object_set_new(o, "text", json_string_nocheck(sentence));
        return record_part_finish(out, o);
}

int record_kill(Strbuf *out, const RecordContext *c, const Kill *k) {
        size_t n = k->n_victims;
        int r = write_kill(out, c, k, n);

        while (r == -ENOBUFS && n > 1) {
                n /= 2;
                r = write_kill(out, c, k, n);
        }
        return r;
}

static json_t *sigkill_victim(const RecordContext *c, const Sigkill *s) {
        RecordProcess p = look_up(c, s->pid, s->start_nsec);
        json_t *o = json_object();

        json_object_set_new(o, "pid", record_part_number(s->pid > 0 ? s->pid : -1));
        json_object_set_new(o, "start_usec", s->start_nsec ? json_integer((json_int_t) (s->start_nsec / 1000)) : json_null());
        json_object_set_new(o, "comm", record_part_name(s->comm));
        json_object_set_new(o, "cmdline", command_line(c, &p));
        json_object_set_new(o, "ppid", record_part_number(p.ppid));
        json_object_set_new(o, "ns_pid", record_part_number(p.ns_pid));
        json_object_set_new(o, "uid", record_part_number(s->uid >= 0 ? s->uid : p.uid));
        json_object_set_new(o, "main", boolean_or_null(p.main));
        return o;
}

static json_t *sender(const RecordContext *c, const Sigkill *s, const RecordProcess *p) {
        KillCgroup cgroup = { .id = p->cgroup_id };
        json_t *o = json_object();

        json_object_set_new(o, "pid", record_part_number(s->sender_tid > 0 ? s->sender_tid : -1));
        json_object_set_new(o, "comm", record_part_text(p->comm));
        json_object_set_new(o, "uid", record_part_number(p->uid));
        json_object_set_new(o, "unit", record_part_text(p->unit));
        json_object_set_new(o, "cgroup", record_part_cgroup(c, &cgroup));
        return o;
}

int record_sigkill(Strbuf *out, const RecordContext *c, const Sigkill *s) {
        json_t *o = record_part_common(c, REEVE_RECORD_SIGKILL, s->time_nsec);
        char sentence[SENTENCE_SIZE], comm[KILL_COMM_SIZE] = "", unit[256] = "";
        Strbuf text = STRBUF_INIT(sentence), comm_copy = STRBUF_INIT(comm), unit_copy = STRBUF_INIT(unit);
        RecordProcess p = look_up(c, s->sender_tid, 0);

        /* Who kills himself is known, however soon he is gone. */
        if (s->sender_tid > 0 && s->sender_tid == s->pid) {
                if (!p.comm && s->comm[0])
                        p.comm = s->comm;
                if (p.uid < 0)
                        p.uid = s->uid;
                if (p.cgroup_id == 0)
                        p.cgroup_id = s->cgroup.id;
        }
        /* The callback's texts live until it is asked again, and it will be. */
        if (p.comm) {
                strbuf_puts(&comm_copy, p.comm);
                p.comm = comm;
        }
        if (p.unit) {
                strbuf_puts(&unit_copy, p.unit);
                p.unit = unit;
        }
        record_say_sigkill(&text, c, s, &p);
        json_object_set_new(o, "signal", json_integer(s->signal));
        json_object_set_new(o, "victim", sigkill_victim(c, s));
        json_object_set_new(o, "cgroup", record_part_cgroup(c, &s->cgroup));
        json_object_set_new(o, "owner_uid", record_part_number(owner_uid(c, s->cgroup.id)));
        json_object_set_new(o, "identity", record_part_identity(c, s->cgroup.id));
        json_object_set_new(o, "sender", sender(c, s, &p));
        json_object_set_new(o, "means", record_part_word(reeve_kill_means_to_string((int) s->means)));
        json_object_set_new(o, "text", json_string_nocheck(sentence));
        return record_part_finish(out, o);
}
