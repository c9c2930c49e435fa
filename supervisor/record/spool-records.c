/* The finished records: a ring of bytes, each record whole in it. */
#include <errno.h>
#include <string.h>

#include "supervisor/record/spool-private.h"

static Entry *entry_at(const Spool *s, uint64_t position) {
        return (Entry *) (void *) (s->records + position % s->header->record_bytes);
}

static uint64_t entry_hash(const Entry *e) {
        size_t skip = offsetof(Entry, seq);

        return spool_hash(SPOOL_HASH_INIT ^ e->total ^ ((uint64_t) e->type << 32), (const uint8_t *) e + skip,
                          sizeof(*e) - skip + e->meta_size + e->json_size);
}

static uint64_t room_to_end(const Spool *s, uint64_t position) {
        return s->header->record_bytes - position % s->header->record_bytes;
}

/* Is there a whole and undamaged entry at @position, no longer than @limit bytes? A skip counts as one. */
static bool entry_valid(const Spool *s, uint64_t position, uint64_t limit) {
        uint64_t room = room_to_end(s, position);
        const Entry *e = entry_at(s, position);

        if (room > limit)
                room = limit;
        if (room < RECORD_ALIGN)
                return false;
        if (e->type == TYPE_SKIP)
                return e->total == room_to_end(s, position) && e->total <= limit;
        if (room < sizeof(*e) || e->total < sizeof(*e) || e->total > room || e->total % RECORD_ALIGN != 0)
                return false;
        if ((uint64_t) e->meta_size + e->json_size > e->total - sizeof(*e))
                return false;
        return e->hash == entry_hash(e);
}

int spool_record_put(Spool *s, const SpoolRecord *r) {
        uint64_t need = (sizeof(Entry) + (uint64_t) r->meta_size + r->json_size + RECORD_ALIGN - 1) / RECORD_ALIGN *
                        RECORD_ALIGN;
        uint64_t tail = atomic_load_explicit(&s->header->tail, memory_order_relaxed);
        uint64_t head = atomic_load_explicit(&s->header->head, memory_order_relaxed);
        uint64_t skip = room_to_end(s, head) < need ? room_to_end(s, head) : 0;
        Entry *e;

        /* A new ledger counts from the beginning: that is in order once nothing of the old one is left. */
        if (head != tail && r->seq <= atomic_load_explicit(&s->header->last_seq, memory_order_relaxed))
                return -EINVAL;
        if (need + skip > s->header->record_bytes - (head - tail)) {
                atomic_fetch_add_explicit(&s->header->lost, 1, memory_order_relaxed);
                return -ENOBUFS;
        }
        if (skip > 0) {
                e = entry_at(s, head);
                e->type = TYPE_SKIP;
                e->total = (uint32_t) skip;
                head += skip;
        }
        e = entry_at(s, head);
        *e = (Entry){
                .total = (uint32_t) need,
                .type = r->type,
                .seq = r->seq,
                .origin_nsec = r->origin_nsec,
                .origin_pid = r->origin_pid,
                .meta_size = r->meta_size,
                .json_size = r->json_size,
        };
        if (r->meta_size > 0)
                memcpy(e + 1, r->meta, r->meta_size);
        if (r->json_size > 0)
                memcpy((uint8_t *) (e + 1) + r->meta_size, r->json, r->json_size);
        e->hash = entry_hash(e);
        /* The number first: a crash in between makes a hole, the other way round it could be given twice. */
        atomic_store_explicit(&s->header->last_seq, r->seq, memory_order_release);
        atomic_store_explicit(&s->header->head, head + need, memory_order_release);
        return 0;
}

static void fill_record(const Entry *e, SpoolRecord *ret) {
        *ret = (SpoolRecord){
                .seq = e->seq,
                .origin_nsec = e->origin_nsec,
                .origin_pid = e->origin_pid,
                .type = e->type,
                .meta = e->meta_size > 0 ? e + 1 : NULL,
                .meta_size = e->meta_size,
                .json = (const char *) (e + 1) + e->meta_size,
                .json_size = e->json_size,
        };
}

/* Steps over skips. Returns the entry at *@position, NULL at the head. */
static Entry *entry_next(const Spool *s, uint64_t *position) {
        uint64_t head = atomic_load_explicit(&s->header->head, memory_order_acquire);

        while (*position < head) {
                Entry *e = entry_at(s, *position);

                if (e->type != TYPE_SKIP)
                        return e;
                *position += e->total;
        }
        return NULL;
}

void spool_records_committed(Spool *s, uint64_t seq) {
        uint64_t position = atomic_load_explicit(&s->header->tail, memory_order_relaxed);
        Entry *e;

        while ((e = entry_next(s, &position)) && e->seq <= seq)
                position += e->total;
        atomic_store_explicit(&s->header->tail, position, memory_order_release);
}

int spool_records_replay(Spool *s, int (*take)(const SpoolRecord *, void *), void *userdata) {
        uint64_t position = atomic_load_explicit(&s->header->tail, memory_order_relaxed);
        Entry *e;

        while ((e = entry_next(s, &position))) {
                SpoolRecord r;
                int stop;

                fill_record(e, &r);
                position += e->total;
                stop = take(&r, userdata);
                if (stop)
                        return stop;
        }
        return 0;
}

int spool_record_find(Spool *s, uint64_t seq, SpoolRecord *ret) {
        uint64_t position = atomic_load_explicit(&s->header->tail, memory_order_relaxed);
        Entry *e;

        for (; (e = entry_next(s, &position)); position += e->total)
                if (e->seq == seq) {
                        fill_record(e, ret);
                        return 0;
                }
        return -ENOENT;
}

uint64_t spool_last_seq(const Spool *s) {
        return atomic_load_explicit(&s->header->last_seq, memory_order_relaxed);
}

uint64_t spool_lost(const Spool *s) {
        return atomic_load_explicit(&s->header->lost, memory_order_relaxed);
}

void spool_usage(const Spool *s, uint64_t *ret_used_bytes, uint64_t *ret_size_bytes) {
        *ret_used_bytes = atomic_load_explicit(&s->header->head, memory_order_relaxed) -
                          atomic_load_explicit(&s->header->tail, memory_order_relaxed);
        *ret_size_bytes = s->header->record_bytes;
}

uint64_t spool_records_mend(Spool *s) {
        uint64_t tail = atomic_load_explicit(&s->header->tail, memory_order_relaxed);
        uint64_t head = atomic_load_explicit(&s->header->head, memory_order_relaxed);
        uint64_t last = atomic_load_explicit(&s->header->last_seq, memory_order_relaxed);
        uint64_t at = tail, seq = 0;

        if (head < tail || head - tail > s->header->record_bytes || tail % RECORD_ALIGN != 0) {
                atomic_store_explicit(&s->header->tail, 0, memory_order_relaxed);
                atomic_store_explicit(&s->header->head, 0, memory_order_relaxed);
                return s->header->record_bytes;
        }
        while (at < head && entry_valid(s, at, head - at)) {
                const Entry *e = entry_at(s, at);

                if (e->type != TYPE_SKIP) {
                        if (e->seq <= seq || e->seq > last)
                                break;
                        seq = e->seq;
                }
                at += e->total;
        }
        atomic_store_explicit(&s->header->head, at, memory_order_relaxed);
        return head - at;
}
