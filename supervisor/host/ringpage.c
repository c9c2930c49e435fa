#include "supervisor/host/ringpage.h"

#include <errno.h>
#include <event-parse.h>
#include <kbuffer.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/pagestore.h"

enum { PAGE_HEADER = 16 };              /* time stamp and commit, both of 8 bytes on 64-bit kernels */
enum { COMMIT_MASK = (1 << 27) - 1 };
enum { EVENT_COMM_SIZE = 16 };

#define FIELDS(X)                                                                                                  \
        X(memcg) X(domain) X(usage) X(max) X(peak) X(swap_usage) X(swap_max) X(constraint) X(points) X(total)      \
        X(order) X(gfp) X(chosen) X(chosen_pid) X(invoker) X(message) X(pid) X(tgid) X(comm) X(start) X(signal)    \
        X(adj) X(cred) X(uid) X(mm) X(file) X(anon) X(swap) X(shmem) X(tables) X(owner) X(cgid) X(level)           \
        X(charged) X(sig) X(code) X(group) X(result) X(root) X(id) X(path)

enum {
#define X(name) F_##name,
        FIELDS(X)
#undef X
        F_i0,                                           /* ancestors' ids */
        F_n0 = F_i0 + EVIDENCE_ANCESTORS_MAX,           /* names from the root down */
        F_u0 = F_n0 + EVIDENCE_LEVELS_MAX + 1,          /* names from the cgroup up */
        F_COUNT = F_u0 + EVIDENCE_LEVELS_MAX + 1,
};

static const char *const field_names[] = {
#define X(name) [F_##name] = #name,
        FIELDS(X)
#undef X
};

typedef struct Field {
        uint16_t offset;
        uint8_t size;           /* 0: this event has no such field */
        bool is_signed, is_dynamic;
} Field;

typedef struct Format {
        int id;                 /* common_type; -1: none of this generation */
        Field fields[F_COUNT];
} Format;

typedef enum FormatKind {
        FORMAT_KILL,
        FORMAT_VICTIM,
        FORMAT_DONE,
        FORMAT_GROUP,
        FORMAT_SELF,
        FORMAT_SIGNAL,
        FORMAT_MKDIR,
        FORMAT_RMDIR,
        FORMAT_KINDS,
} FormatKind;

static const struct {
        const char *begin;
        int kind;
} format_kinds[FORMAT_KINDS] = {
        [FORMAT_KILL] = { "kill_", EVIDENCE_OOM },
        [FORMAT_VICTIM] = { "victim_", EVIDENCE_VICTIM },
        [FORMAT_DONE] = { "done_", EVIDENCE_OOM_END },
        [FORMAT_GROUP] = { "group_", RING_GROUP },
        [FORMAT_SELF] = { "self_", RING_SELF },
        [FORMAT_SIGNAL] = { "signal_generate", RING_SIGNAL },
        [FORMAT_MKDIR] = { "cgroup_mkdir", EVIDENCE_MKDIR },
        [FORMAT_RMDIR] = { "cgroup_rmdir", EVIDENCE_RMDIR },
};

struct RingFormats {
        Format formats[FORMAT_KINDS];
};

/* ---- formats ---- */

/* "i7" -> F_i0 + 7 and the like; -1 for a name nobody asks for. */
static int field_index(const char *name) {
        static const struct {
                char letter;
                int first, count;
        } rows[] = {
                { 'i', F_i0, EVIDENCE_ANCESTORS_MAX },
                { 'n', F_n0, EVIDENCE_LEVELS_MAX + 1 },
                { 'u', F_u0, EVIDENCE_LEVELS_MAX + 1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(field_names); i++)
                if (strcmp(field_names[i], name) == 0)
                        return (int) i;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char *end;

                if (name[0] != rows[i].letter || name[1] < '0' || name[1] > '9')
                        continue;
                unsigned long n = strtoul(name + 1, &end, 10);
                return *end == '\0' && n < (unsigned long) rows[i].count ? rows[i].first + (int) n : -1;
        }
        return -1;
}

static void take_field(Format *format, const struct tep_format_field *f) {
        int index = field_index(f->name);

        if (index < 0 || f->size <= 0 || f->size > UINT8_MAX || f->offset < 0 || f->offset > UINT16_MAX)
                return;
        format->fields[index] = (Field){
                .offset = (uint16_t) f->offset,
                .size = (uint8_t) f->size,
                .is_signed = (f->flags & TEP_FIELD_IS_SIGNED) != 0,
                .is_dynamic = (f->flags & TEP_FIELD_IS_DYNAMIC) != 0,
        };
}

static int take_format(RingFormats *formats, struct tep_handle *tep, const char *text, size_t length) {
        struct tep_event *event = NULL;

        if (tep_parse_format(tep, &event, text, length, "reeve") != 0 || !event)
                return -EINVAL;
        for (size_t i = 0; i < FORMAT_KINDS; i++) {
                if (strncmp(event->name, format_kinds[i].begin, strlen(format_kinds[i].begin)) != 0)
                        continue;
                formats->formats[i].id = event->id;
                for (const struct tep_format_field *f = event->format.fields; f; f = f->next)
                        take_field(&formats->formats[i], f);
                break;
        }
        return 0;
}

/* Where the next format begins: a line "name: ...". */
static const char *next_format(const char *text, const char *end) {
        for (const char *p = text + 1; p + 6 < end; p++)
                if (p[-1] == '\n' && memcmp(p, "name: ", 6) == 0)
                        return p;
        return end;
}

int ringformats_new(RingFormats **ret, const char *text, size_t length) {
        const char *end = text + length;
        struct tep_handle *tep = tep_alloc();
        RingFormats *f = calloc(1, sizeof(*f));
        int r = 0;

        if (!tep || !f) {
                tep_free(tep);
                free(f);
                return -ENOMEM;
        }
        tep_set_loglevel(TEP_LOG_NONE);
        tep_set_long_size(tep, sizeof(long));
        tep_set_page_size(tep, PAGE_BYTES);
        for (size_t i = 0; i < FORMAT_KINDS; i++)
                f->formats[i].id = -1;
        while (r == 0 && text < end) {
                const char *next = next_format(text, end);

                r = take_format(f, tep, text, (size_t) (next - text));
                text = next;
        }
        tep_free(tep);
        if (r < 0)
                return ringformats_free(f), r;
        *ret = f;
        return 0;
}

RingFormats *ringformats_free(RingFormats *f) {
        free(f);
        return NULL;
}

/* ---- one event ---- */

/* An event being decoded: its bytes and where its fields are. */
typedef struct Reading {
        const Format *format;
        const uint8_t *data;
        size_t size;
} Reading;

static bool has(const Reading *r, int field) {
        const Field *f = &r->format->fields[field];

        return f->size > 0 && (size_t) f->offset + f->size <= r->size;
}

/* The number in @field, sign-extended where it is signed; 0 where there is none. */
static uint64_t number(const Reading *r, int field) {
        const Field *f = &r->format->fields[field];
        const uint8_t *at = r->data + f->offset;
        uint64_t u64;
        uint32_t u32;
        uint16_t u16;

        if (!has(r, field))
                return 0;
        switch (f->size) {
        case 8:
                memcpy(&u64, at, sizeof(u64));
                return u64;
        case 4:
                memcpy(&u32, at, sizeof(u32));
                return f->is_signed ? (uint64_t) (int64_t) (int32_t) u32 : u32;
        case 2:
                memcpy(&u16, at, sizeof(u16));
                return f->is_signed ? (uint64_t) (int64_t) (int16_t) u16 : u16;
        case 1:
                return f->is_signed ? (uint64_t) (int64_t) (int8_t) *at : *at;
        default:
                return 0;
        }
}

static int32_t number32(const Reading *r, int field) {
        return (int32_t) (uint32_t) number(r, field);
}

/* The text in @field; NULL where there is none, it does not end within the event or the kernel could not fetch it. */
static const char *text_of(const Reading *r, int field) {
        const Field *f = &r->format->fields[field];
        size_t offset, length;

        if (!has(r, field))
                return NULL;
        offset = f->offset;
        length = f->size;
        if (f->is_dynamic) {
                uint32_t location;

                if (f->size != sizeof(location))
                        return NULL;
                memcpy(&location, r->data + f->offset, sizeof(location));
                offset = location & 0xffff;
                length = location >> 16;
        }
        if (length == 0 || offset + length > r->size || !memchr(r->data + offset, 0, length))
                return NULL;
        return (const char *) r->data + offset;
}

/* Do the counters agree with each other? They are fetched by offsets that no self-test of ours can prove, but what
 * points are measured against was computed by the kernel itself from max (and swap). */
static bool counters_plausible(const EvidenceDomain *d, uint64_t total_pages) {
        const uint64_t unlimited = UINT64_C(1) << 50;

        if (d->peak_pages > unlimited || d->usage_pages > unlimited)
                return false;
        if (d->max_pages < unlimited && total_pages != 0 && total_pages < d->max_pages)
                return false;
        return d->peak_pages + (UINT64_C(1) << 16) >= d->usage_pages;
}

static void decode_oom(const Reading *r, Evidence *e) {
        EvidenceOom *oom = &e->oom;

        *oom = (EvidenceOom){
                .constraint = (uint32_t) number(r, F_constraint),
                .points = (int64_t) number(r, F_points),
                .total_pages = number(r, F_total),
                .order = number32(r, F_order),
                .gfp = (uint32_t) number(r, F_gfp),
                .chosen_pid = number(r, F_chosen) != 0 ? number32(r, F_chosen_pid) : 0,
                .message = text_of(r, F_message),
        };
        e->comm = text_of(r, F_invoker);
        if (number(r, F_memcg) == 0)
                return;
        oom->domain = (EvidenceDomain){
                .present = true,
                .id = number(r, F_domain),
                .usage_pages = number(r, F_usage),
                .max_pages = number(r, F_max),
                .peak_pages = number(r, F_peak),
                .swap_usage_pages = number(r, F_swap_usage),
                .swap_max_pages = number(r, F_swap_max),
        };
        oom->domain.counters_plausible = counters_plausible(&oom->domain, oom->total_pages);
}

static void decode_cgroup(const Reading *r, EvidenceVictim *v) {
        int32_t level = number32(r, F_level);

        v->cgroup_id = number(r, F_cgid);
        v->charged_id = number(r, F_charged);
        v->level = level > 0 ? (uint32_t) level : 0;
        for (uint32_t i = 0; i <= v->level; i++) {
                if (i < EVIDENCE_ANCESTORS_MAX)
                        v->ancestor_ids[i] = number(r, F_i0 + (int) i);
                if (i <= EVIDENCE_LEVELS_MAX && has(r, F_n0 + (int) i))
                        v->names[i] = text_of(r, F_n0 + (int) i);
                /* Counted from the cgroup up: u0 is its own name. The root's is empty and not wanted. */
                if (i <= EVIDENCE_LEVELS_MAX && i < v->level && v->level - i <= EVIDENCE_LEVELS_MAX &&
                    has(r, F_u0 + (int) i))
                        v->names[v->level - i] = text_of(r, F_u0 + (int) i);
                if (i > EVIDENCE_ANCESTORS_MAX && i > EVIDENCE_LEVELS_MAX)
                        break;
        }
}

/* Memory counters are exact up to 6.1 and lag by a batch a CPU from then on; below zero means none yet. */
static int64_t counter(const Reading *r, int field) {
        int64_t n = (int64_t) number(r, field);

        return n < 0 ? 0 : n;
}

static void decode_victim(const Reading *r, Evidence *e) {
        EvidenceVictim *v = &e->victim;

        *v = (EvidenceVictim){
                .tid = number32(r, F_pid),
                .tgid = number32(r, F_tgid),
                .start_nsec = number(r, F_start),
                .comm = text_of(r, F_comm),
                .oom_score_adj = number(r, F_signal) != 0 ? number32(r, F_adj) : 0,
                .uid_present = number(r, F_cred) != 0,
                .mm_present = number(r, F_mm) != 0,
                .message = text_of(r, F_message),
        };
        if (v->uid_present)
                v->uid = (uint32_t) number(r, F_uid);
        if (v->mm_present) {
                v->file_pages = counter(r, F_file);
                v->anon_pages = counter(r, F_anon);
                v->swap_pages = counter(r, F_swap);
                v->shmem_pages = counter(r, F_shmem);
                v->page_table_bytes = counter(r, F_tables);
                v->owner_known = has(r, F_owner);
                v->owner_present = number(r, F_owner) != 0;
        }
        decode_cgroup(r, v);
        e->comm = NULL;
}

static void decode_signal(const Reading *r, Evidence *e) {
        e->signal = (EvidenceSignal){
                .signal = number32(r, F_sig),
                .code = number32(r, F_code),
                .to_group = number(r, F_group) != 0,
                .pid = number32(r, F_pid),
                .comm = text_of(r, F_comm),
                .result = number32(r, F_result),
        };
}

static void decode_churn(const Reading *r, Evidence *e) {
        enum { KERNEL_PATH_MAX = 1023 };

        e->churn = (EvidenceChurn){
                .id = number(r, F_id),
                .level = (uint32_t) number(r, F_level),
                .path = text_of(r, F_path),
        };
        e->churn.path_cut = e->churn.path && strlen(e->churn.path) >= KERNEL_PATH_MAX;
}

static void decode_self(const Reading *r, Evidence *e, RingSelf *self) {
        decode_victim(r, e);
        if (self)
                *self = (RingSelf){
                        .usage_pages = number(r, F_usage),
                        .max_pages = number(r, F_max),
                        .peak_pages = number(r, F_peak),
                        .swap_usage_pages = number(r, F_swap_usage),
                        .swap_max_pages = number(r, F_swap_max),
                        .swap_present = has(r, F_swap_max),
                        .task = number(r, F_chosen),
                        .owner = number(r, F_owner),
                };
}

int ringpage_decode(const RingFormats *f, const void *data, size_t size, Evidence *ret, RingSelf *ret_self) {
        Reading r = { .data = data, .size = size };
        uint16_t type;
        int32_t pid;
        int kind = -1;

        if (size < 8)
                return -EBADMSG;
        memcpy(&type, data, sizeof(type));
        memcpy(&pid, (const uint8_t *) data + 4, sizeof(pid));
        for (size_t i = 0; i < FORMAT_KINDS && kind < 0; i++)
                if (f->formats[i].id == type) {
                        r.format = &f->formats[i];
                        kind = format_kinds[i].kind;
                }
        if (kind < 0)
                return -ENOMSG;
        memset(ret, 0, sizeof(*ret));
        ret->pid = pid;
        switch (kind) {
        case EVIDENCE_OOM:
                decode_oom(&r, ret);
                break;
        case EVIDENCE_VICTIM:
                decode_victim(&r, ret);
                break;
        case RING_SELF:
                decode_self(&r, ret, ret_self);
                break;
        case RING_GROUP:
                ret->churn.id = number(&r, F_memcg) != 0 ? number(&r, F_cgid) : 0;
                break;
        case RING_SIGNAL:
                decode_signal(&r, ret);
                kind = ret->signal.code == 128 && ret->signal.signal == 9 ? EVIDENCE_KERNEL_SIGKILL : EVIDENCE_SIGNAL;
                break;
        case EVIDENCE_MKDIR:
        case EVIDENCE_RMDIR:
                decode_churn(&r, ret);
                break;
        default:
                break;
        }
        ret->kind = kind < RING_GROUP ? (EvidenceKind) kind : EVIDENCE_VICTIM;
        return kind;
}

/* ---- pages ---- */

bool ringpage_valid(const void *page, size_t length) {
        const uint8_t *data = (const uint8_t *) page + PAGE_HEADER;
        uint64_t commit;
        size_t at = 0, end;

        if (length < PAGE_HEADER || length > PAGE_BYTES)
                return false;
        memcpy(&commit, (const uint8_t *) page + 8, sizeof(commit));
        end = (size_t) (commit & COMMIT_MASK);
        if (end > length - PAGE_HEADER)
                return false;
        while (at < end) {
                uint32_t head, word = 0;
                size_t size;

                if (end - at < sizeof(head))
                        return false;
                memcpy(&head, data + at, sizeof(head));
                if (end - at >= 2 * sizeof(word))
                        memcpy(&word, data + at + sizeof(head), sizeof(word));
                switch (head & 31) {
                case KBUFFER_TYPE_PADDING:
                        size = (size_t) word + sizeof(head);
                        break;
                case KBUFFER_TYPE_TIME_EXTEND:
                case KBUFFER_TYPE_TIME_STAMP:
                        size = 2 * sizeof(head);
                        break;
                case 0:
                        size = (((size_t) word + 3) & ~(size_t) 3) + sizeof(head);
                        if (word < sizeof(word))
                                return false;
                        break;
                default:
                        size = (size_t) (head & 31) * 4 + sizeof(head);
                }
                if (size < sizeof(head) || size > end - at)
                        return false;
                at += size;
        }
        return true;
}

struct RingCursor {
        struct kbuffer *kbuffer;
        const void *event;
        size_t size;
        uint64_t nsec;
};

int ringcursor_new(RingCursor **ret) {
        RingCursor *c = calloc(1, sizeof(*c));

        if (c)
                c->kbuffer = kbuffer_alloc(KBUFFER_LSIZE_SAME_AS_HOST, KBUFFER_ENDIAN_SAME_AS_HOST);
        if (!c || !c->kbuffer)
                return ringcursor_free(c), -ENOMEM;
        *ret = c;
        return 0;
}

RingCursor *ringcursor_free(RingCursor *c) {
        if (c) {
                kbuffer_free(c->kbuffer);
                free(c);
        }
        return NULL;
}

static int stand_on(RingCursor *c, const void *event, const unsigned long long *nsec) {
        c->event = event;
        if (!event)
                return 0;
        c->size = (size_t) kbuffer_event_size(c->kbuffer);
        c->nsec = *nsec;
        return 1;
}

int ringcursor_load(RingCursor *c, void *page, size_t length) {
        unsigned long long nsec = 0;
        uint64_t commit;

        c->event = NULL;
        if (!ringpage_valid(page, length))
                return -EBADMSG;
        memcpy(&commit, (const uint8_t *) page + 8, sizeof(commit));
        if ((commit & COMMIT_MASK) == 0)
                return 0;
        if (kbuffer_load_subbuffer(c->kbuffer, page) < 0)
                return -EBADMSG;
        return stand_on(c, kbuffer_read_event(c->kbuffer, &nsec), &nsec);
}

bool ringcursor_lost(const RingCursor *c) {
        return c->event && kbuffer_missed_events(c->kbuffer) != 0;
}

int ringcursor_next(RingCursor *c) {
        unsigned long long nsec = 0;

        return c->event ? stand_on(c, kbuffer_next_event(c->kbuffer, &nsec), &nsec) : 0;
}

const void *ringcursor_event(const RingCursor *c, size_t *ret_size, uint64_t *ret_nsec) {
        *ret_size = c->size;
        *ret_nsec = c->nsec;
        return c->event;
}
