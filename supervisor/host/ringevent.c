#include "supervisor/host/ringevent.h"

#include <errno.h>
#include <string.h>

#include "supervisor/host/ringformats-private.h"

static const int kinds[FORMAT_KINDS] = {
        [FORMAT_KILL] = EVIDENCE_OOM,
        [FORMAT_VICTIM] = EVIDENCE_VICTIM,
        [FORMAT_DONE] = EVIDENCE_OOM_END,
        [FORMAT_GROUP] = RING_GROUP,
        [FORMAT_SELF] = RING_SELF,
        [FORMAT_SIGNAL] = RING_SIGNAL,
        [FORMAT_MKDIR] = EVIDENCE_MKDIR,
        [FORMAT_RMDIR] = EVIDENCE_RMDIR,
};

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

int ringevent_decode(const RingFormats *f, const void *data, size_t size, Evidence *ret, RingSelf *ret_self) {
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
                        kind = kinds[i];
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
