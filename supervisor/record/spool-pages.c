/* The raw pages: slots from the read that fills them until their records are finished, and the formats to read them by. */
#include <errno.h>
#include <string.h>

#include "supervisor/record/spool-private.h"

static uint8_t *slot_data(const Spool *s, uint32_t slot) {
        return s->pages + (size_t) slot * PAGE_BYTES;
}

/* The lowest free one, so that a quiet host touches few pages of the file. */
static int store_take(void *userdata, uint32_t *ret_slot, void **ret_data) {
        Spool *s = userdata;

        for (uint32_t i = 0; i < s->header->page_slots; i++) {
                if (atomic_load_explicit(&s->slots[i].state, memory_order_relaxed) != SLOT_FREE)
                        continue;
                *ret_slot = i;
                *ret_data = slot_data(s, i);
                /* Zeroed before it is marked: what is not zero after a crash came from the kernel. It also is in memory
                 * then, so that the kernel's copy cannot be cut short by a signal. */
                memset(*ret_data, 0, PAGE_BYTES);
                atomic_store_explicit(&s->slots[i].delivered, 0, memory_order_relaxed);
                atomic_store_explicit(&s->slots[i].state, SLOT_READING, memory_order_release);
                return 0;
        }
        return -ENOBUFS;
}

static void store_about(void *userdata, uint32_t slot, const PageInfo *info) {
        Spool *s = userdata;
        Slot *at = &s->slots[slot];

        at->generation = info->generation;
        at->instance = info->instance;
        at->cpu = info->cpu;
        at->order = info->order;
        at->length = PAGE_BYTES;
        atomic_signal_fence(memory_order_release);
}

static void store_full(void *userdata, uint32_t slot, const PageInfo *info) {
        Spool *s = userdata;
        Slot *at = &s->slots[slot];

        store_about(userdata, slot, info);
        at->length = info->length;
        atomic_store_explicit(&at->state, SLOT_FULL, memory_order_release);
}

static void store_delivered(void *userdata, uint32_t slot, uint32_t events) {
        Spool *s = userdata;

        atomic_store_explicit(&s->slots[slot].delivered, events, memory_order_release);
}

static void store_free(void *userdata, uint32_t slot) {
        Spool *s = userdata;

        atomic_store_explicit(&s->slots[slot].state, SLOT_FREE, memory_order_release);
}

static int store_left(void *userdata, uint32_t index, uint32_t *ret_slot, void **ret_data, PageInfo *ret_info) {
        Spool *s = userdata;
        uint32_t at = index > 0 && index == s->left_at ? s->left_slot : 0;
        uint32_t skip = at > 0 ? 0 : index;

        for (; at < s->header->page_slots; at++) {
                Slot *slot = &s->slots[at];

                if (atomic_load_explicit(&slot->state, memory_order_acquire) != SLOT_FULL || skip-- > 0)
                        continue;
                s->left_at = index + 1;
                s->left_slot = at + 1;
                *ret_slot = at;
                *ret_data = slot_data(s, at);
                *ret_info = (PageInfo){
                        .generation = slot->generation,
                        .instance = slot->instance,
                        .cpu = slot->cpu,
                        .length = slot->length,
                        .order = slot->order,
                        .delivered = atomic_load_explicit(&slot->delivered, memory_order_relaxed),
                };
                return 0;
        }
        return -ENOENT;
}

static int store_formats_find(void *userdata, uint32_t generation, const char **ret_text, size_t *ret_length) {
        Spool *s = userdata;

        for (uint32_t i = 0; i < FORMATS; i++) {
                const Formats *f = &s->formats[i];
                uint32_t length = atomic_load_explicit(&f->length, memory_order_acquire);

                if (length == 0 || length > sizeof(f->text) || f->generation != generation ||
                    f->hash != spool_hash(SPOOL_HASH_INIT, f->text, length))
                        continue;
                *ret_text = f->text;
                *ret_length = length;
                return 0;
        }
        return -ENOENT;
}

static int store_formats_save(void *userdata, uint32_t generation, const char *text, size_t length) {
        Spool *s = userdata;
        Formats *at = &s->formats[0];
        const char *have;
        size_t have_length;

        if (length > sizeof(at->text))
                return -ENOSPC;
        if (store_formats_find(s, generation, &have, &have_length) == 0 && have_length == length &&
            memcmp(have, text, length) == 0)
                return 0;
        for (uint32_t i = 0; i < FORMATS; i++) {
                Formats *f = &s->formats[i];
                bool same = f->generation == generation && atomic_load_explicit(&f->length, memory_order_relaxed) > 0;

                if (same || f->order < at->order)
                        at = f;
                if (same)
                        break;
        }
        atomic_store_explicit(&at->length, 0, memory_order_release);
        atomic_signal_fence(memory_order_seq_cst);
        at->generation = generation;
        at->order = ++s->header->formats_order;
        memcpy(at->text, text, length);
        at->hash = spool_hash(SPOOL_HASH_INIT, at->text, length);
        atomic_store_explicit(&at->length, (uint32_t) length, memory_order_release);
        return 0;
}

void spool_pages_init(Spool *s) {
        s->store = (PageStore){
                .userdata = s,
                .n_slots = s->header->page_slots,
                .take = store_take,
                .about = store_about,
                .full = store_full,
                .delivered = store_delivered,
                .free = store_free,
                .left = store_left,
                .formats_save = store_formats_save,
                .formats_find = store_formats_find,
                .counters = s->header->counters,
        };
}

const PageStore *spool_pages(Spool *s) {
        return &s->store;
}

int spool_pages_replay(Spool *s, int (*take)(const PageInfo *, const void *, void *), void *userdata) {
        uint32_t slot;
        void *data;
        PageInfo info;

        for (uint32_t i = 0; store_left(s, i, &slot, &data, &info) == 0; i++) {
                int stop = take(&info, data, userdata);

                if (stop)
                        return stop;
        }
        return 0;
}

void spool_pages_mend(Spool *s) {
        for (uint32_t i = 0; i < s->header->page_slots; i++) {
                Slot *slot = &s->slots[i];
                uint32_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);
                uint64_t commit;

                if (state == SLOT_FREE)
                        continue;
                memcpy(&commit, slot_data(s, i) + 8, sizeof(commit));
                if (state == SLOT_FULL && slot->length <= PAGE_BYTES && slot->instance < PAGE_INSTANCES)
                        continue;
                if (state == SLOT_READING && commit != 0 && slot->instance < PAGE_INSTANCES) {
                        slot->length = PAGE_BYTES;
                        atomic_store_explicit(&slot->state, SLOT_FULL, memory_order_relaxed);
                        continue;
                }
                atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_relaxed);
        }
}
