#include "supervisor/text/sentence.h"

#include <inttypes.h>
#include <string.h>

#include "policies/limit.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/human.h"
#include "supervisor/text/recordpart.h"

static void say_size(Strbuf *out, int64_t bytes) {
        char text[HUMAN_SIZE];

        strbuf_puts(out, human_bytes(bytes, text));
}

static void say_process(Strbuf *out, const char *comm, int32_t pid) {
        if (comm && comm[0])
                escape_text(out, comm);
        else
                strbuf_puts(out, "a process");
        if (pid > 0)
                strbuf_printf(out, " (pid %d)", pid);
}

static void say_cgroup(Strbuf *out, const RecordContext *c, const KillCgroup *cgroup) {
        const char *path = record_part_path(c, cgroup);

        if (path)
                escape_text(out, path);
        else if (cgroup->id != 0)
                strbuf_printf(out, "cgroup id:%" PRIu64 " (name not known)", cgroup->id);
        else
                strbuf_puts(out, "a cgroup that is not known");
}

static void say_limit_size(Strbuf *out, const char *before, int64_t bytes) {
        if (bytes < 0 || bytes == KILL_UNLIMITED)
                return;
        strbuf_puts(out, before);
        say_size(out, bytes);
}

static void say_killer(Strbuf *out, const Kill *k) {
        switch (k->killer) {
        case REEVE_KILLER_KERNEL:
        case REEVE_KILLER_SYSRQ:
                strbuf_puts(out, "The kernel");
                break;
        case REEVE_KILLER_REEVE:
                strbuf_puts(out, "Reeve");
                break;
        case REEVE_KILLER_OOM_MANAGER:
                if (k->killer_process.unit[0])
                        escape_text(out, k->killer_process.unit);
                else if (k->killer_process.comm[0])
                        escape_text(out, k->killer_process.comm);
                else
                        strbuf_puts(out, "An OOM manager");
                break;
        case REEVE_KILLER_UNKNOWN:
        default:
                strbuf_puts(out, "Somebody");
                break;
        }
}

static void say_limit_write(Strbuf *out, const RecordContext *c, const Kill *k) {
        if (k->scope == REEVE_SCOPE_SELF)
                strbuf_puts(out, "the limit of its own cgroup");
        else {
                strbuf_puts(out, "the limit of ");
                say_cgroup(out, c, &k->limit);
        }
        strbuf_puts(out, " was set");
        say_limit_size(out, " to ", k->limit_bytes);
        strbuf_puts(out, ", below what it used");
        say_limit_size(out, ", ", k->limit_current_bytes);
        if (k->invoker_tid > 0 || k->invoker_comm[0]) {
                strbuf_puts(out, ", by ");
                say_process(out, k->invoker_comm, k->invoker_tid);
        }
}

static void say_reason(Strbuf *out, const RecordContext *c, const Kill *k) {
        switch (k->reason) {
        case REEVE_REASON_OWN_LIMIT:
                strbuf_puts(out, "it reached the limit of its own cgroup");
                say_limit_size(out, ", ", k->limit_bytes);
                break;
        case REEVE_REASON_ANCESTOR_LIMIT:
                say_cgroup(out, c, &k->limit);
                strbuf_puts(out, " above it reached its limit");
                say_limit_size(out, ", ", k->limit_bytes);
                break;
        case REEVE_REASON_HOST_MEMORY:
                strbuf_puts(out, "the host had no memory left");
                break;
        case REEVE_REASON_NODE_MEMORY:
                strbuf_puts(out, "the memory nodes that were allowed had none left");
                break;
        case REEVE_REASON_SYSRQ:
                strbuf_puts(out, "somebody asked for it by sysrq-f");
                break;
        case REEVE_REASON_LIMIT_WRITE:
                say_limit_write(out, c, k);
                break;
        case REEVE_REASON_MANAGER:
                strbuf_puts(out, "it manages memory shortages here");
                break;
        case REEVE_REASON_RULE:
                strbuf_puts(out, "a rule of its configuration asked for it");
                break;
        default:
                strbuf_puts(out, "out of memory, by whose limit is not known");
                break;
        }
}

void record_say_kill(Strbuf *out, const RecordContext *c, const Kill *k) {
        say_killer(out, k);
        if (k->n_victims == 0) {
                strbuf_printf(out, " killed %s in ", k->attempts > 1 ? "processes" : "a process");
                say_cgroup(out, c, &k->counted);
                strbuf_printf(out, ": %u by its counter, nobody saw who.", k->attempts ? k->attempts : 1);
                return;
        }
        strbuf_puts(out, " killed ");
        say_process(out, k->victims[0].comm, k->victims[0].tgid);
        if (k->n_victims > 1)
                strbuf_printf(out, " and %zu other%s", k->n_victims - 1, k->n_victims > 2 ? "s" : "");
        strbuf_puts(out, " in ");
        say_cgroup(out, c, &k->victims[0].cgroup);
        strbuf_puts(out, ": ");
        say_reason(out, c, k);
        strbuf_puts(out, ".");
}

void record_say_sigkill(Strbuf *out, const RecordContext *c, const Sigkill *s, const RecordProcess *sender) {
        say_process(out, s->comm, s->pid);
        if (s->cgroup.id != 0 || s->cgroup.path) {
                strbuf_puts(out, " in ");
                say_cgroup(out, c, &s->cgroup);
        }
        strbuf_printf(out, " was %s ", s->signal == 15 ? "told to end" : "killed");
        switch (s->means) {
        case REEVE_MEANS_KERNEL:
                strbuf_puts(out, "by the kernel, but not for memory");
                break;
        case REEVE_MEANS_CGROUP_KILL:
                strbuf_puts(out, "with its whole cgroup by ");
                say_process(out, sender->comm, s->sender_tid);
                break;
        case REEVE_MEANS_KILL:
        default:
                strbuf_puts(out, "by ");
                say_process(out, sender->comm, s->sender_tid);
                break;
        }
        strbuf_puts(out, s->means == REEVE_MEANS_KERNEL ? "." : "; it was no OOM kill.");
}

static void say_value(Strbuf *out, const char *key, int64_t value) {
        bool adjust = key && limit_key_from_string(key) == LIMIT_OOM_SCORE_ADJUST;

        if (value == KILL_UNLIMITED)
                strbuf_puts(out, "max");
        else if (adjust ? value == LIMIT_ADJ_UNKNOWN : value < 0)
                strbuf_puts(out, "not known");
        else if (key && strncmp(key, "Memory", strlen("Memory")) == 0)
                say_size(out, value);
        else
                strbuf_printf(out, "%" PRId64, value);
}

void record_say_limit(Strbuf *out, const RecordContext *c, const RecordLimit *l) {
        escape_text(out, l->key ? l->key : "A limit");
        strbuf_puts(out, " of ");
        say_cgroup(out, c, &l->cgroup);
        switch (l->state) {
        case RECORD_LIMIT_APPLIED:
                strbuf_puts(out, l->dry_run ? " would be set from " : " was set from ");
                say_value(out, l->key, l->before);
                strbuf_puts(out, " to ");
                say_value(out, l->key, l->dry_run ? l->wanted : l->after);
                strbuf_puts(out, l->dry_run ? " (dry run)" : "");
                break;
        case RECORD_LIMIT_REFUSED:
                /* No value: nothing was asked for yet. */
                strbuf_puts(out, l->wanted == RECORD_UNKNOWN ? " is not for rules to set" : " was not set to ");
                if (l->wanted != RECORD_UNKNOWN)
                        say_value(out, l->key, l->wanted);
                break;
        case RECORD_LIMIT_CHANGED:
                strbuf_printf(out, " was changed by %s from ", l->by && strcmp(l->by, "systemd") == 0 ? "systemd" : "someone else");
                say_value(out, l->key, l->before);
                strbuf_puts(out, " to ");
                say_value(out, l->key, l->after);
                break;
        }
        if (l->error) {
                strbuf_puts(out, ": ");
                escape_text(out, l->error);
        }
        strbuf_puts(out, ".");
}

void record_say_gap(Strbuf *out, const RecordGap *g) {
        static const char *const causes[] = {
                [REEVE_GAP_UNKNOWN] = "why is not known",
                [REEVE_GAP_OVERRUN] = "a ring of the kernel's was overrun",
                [REEVE_GAP_DROPPED] = "the kernel dropped their records",
                [REEVE_GAP_KMSG] = "the kernel's log moved on too fast",
                [REEVE_GAP_OWNERLESS] = "their memory had no owner any more",
                [REEVE_GAP_NOT_WATCHING] = "Reeve was not watching",
                [REEVE_GAP_RETENTION] = "their records had to go",
        };
        const char *cause = (size_t) g->cause < sizeof(causes) / sizeof(*causes) ? causes[g->cause] : causes[0];

        strbuf_printf(out, "%" PRIu64 " kill%s could not be attributed: %s.", g->lost, g->lost == 1 ? "" : "s", cause);
}

void record_say_storm(Strbuf *out, const RecordStorm *s) {
        uint64_t kills = 0;

        for (size_t i = 0; i < s->n_counts; i++)
                kills += s->counts[i].kills;
        strbuf_printf(out, "%" PRIu64 " more kill%s in one second in %zu cgroup%s of user %" PRId64
                      ", who is past StormAfter= and has counts instead of records.", kills, kills == 1 ? "" : "s", s->n_counts,
                      s->n_counts == 1 ? "" : "s", s->owner_uid);
}

/* The bits are the same from 5.10 to 7.2 as far as they are named here; masks first, the widest before its parts. */
void record_say_gfp(Strbuf *out, int64_t gfp) {
        static const struct { uint32_t bits; const char *name; } names[] = {
                { 0x100cca, "GFP_HIGHUSER_MOVABLE" }, { 0x100cc2, "GFP_HIGHUSER" }, { 0x100cc0, "GFP_USER" },
                { 0x400cc0, "GFP_KERNEL_ACCOUNT" },   { 0xcc0, "GFP_KERNEL" },      { 0xc40, "GFP_NOFS" },
                { 0xc00, "GFP_NOIO" },                { 0x1, "__GFP_DMA" },         { 0x2, "__GFP_HIGHMEM" },
                { 0x4, "__GFP_DMA32" },               { 0x8, "__GFP_MOVABLE" },     { 0x10, "__GFP_RECLAIMABLE" },
                { 0x20, "__GFP_HIGH" },               { 0x40, "__GFP_IO" },         { 0x80, "__GFP_FS" },
                { 0x100, "__GFP_ZERO" },              { 0x400, "__GFP_DIRECT_RECLAIM" }, { 0x800, "__GFP_KSWAPD_RECLAIM" },
                { 0x1000, "__GFP_WRITE" },            { 0x2000, "__GFP_NOWARN" },   { 0x4000, "__GFP_RETRY_MAYFAIL" },
                { 0x8000, "__GFP_NOFAIL" },           { 0x10000, "__GFP_NORETRY" }, { 0x20000, "__GFP_MEMALLOC" },
                { 0x40000, "__GFP_COMP" },            { 0x80000, "__GFP_NOMEMALLOC" }, { 0x100000, "__GFP_HARDWALL" },
                { 0x200000, "__GFP_THISNODE" },       { 0x400000, "__GFP_ACCOUNT" },
        };
        uint32_t left = (uint32_t) gfp;
        const char *between = "";

        if (left == 0)
                strbuf_puts(out, "0");
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
                if ((left & names[i].bits) == names[i].bits) {
                        strbuf_printf(out, "%s%s", between, names[i].name);
                        left &= ~names[i].bits;
                        between = "|";
                }
        if (left)
                strbuf_printf(out, "%s%#" PRIx32, between, left);
}
