#include "supervisor/host/pagestore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A store in our own memory, for those who have no spool: nothing in it outlives the process. */
typedef struct Memory {
        uint64_t counters[PAGE_COUNTERS];
        uint32_t n_slots;
        bool *used;
        uint8_t *data;
} Memory;

static int memory_take(void *userdata, uint32_t *ret_slot, void **ret_data) {
        Memory *m = userdata;

        for (uint32_t i = 0; i < m->n_slots; i++)
                if (!m->used[i]) {
                        m->used[i] = true;
                        *ret_slot = i;
                        *ret_data = m->data + (size_t) i * PAGE_BYTES;
                        memset(*ret_data, 0, PAGE_BYTES);
                        return 0;
                }
        return -ENOBUFS;
}

static void memory_full(void *userdata, uint32_t slot, const PageInfo *info) {
        (void) userdata;
        (void) slot;
        (void) info;
}

static void memory_delivered(void *userdata, uint32_t slot, uint32_t events) {
        (void) userdata;
        (void) slot;
        (void) events;
}

static void memory_free(void *userdata, uint32_t slot) {
        Memory *m = userdata;

        m->used[slot] = false;
}

static int memory_left(void *userdata, uint32_t index, uint32_t *ret_slot, void **ret_data, PageInfo *ret_info) {
        (void) userdata;
        (void) index;
        (void) ret_slot;
        (void) ret_data;
        (void) ret_info;
        return -ENOENT;
}

static int memory_formats_save(void *userdata, uint32_t generation, const char *text, size_t length) {
        (void) userdata;
        (void) generation;
        (void) text;
        (void) length;
        return 0;
}

static int memory_formats_find(void *userdata, uint32_t generation, const char **ret_text, size_t *ret_length) {
        (void) userdata;
        (void) generation;
        (void) ret_text;
        (void) ret_length;
        return -ENOENT;
}

int pagestore_memory_new(PageStore *ret, uint32_t n_slots) {
        Memory *m = calloc(1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        m->n_slots = n_slots;
        m->used = calloc(n_slots, sizeof(*m->used));
        m->data = calloc(n_slots, PAGE_BYTES);
        if (!m->used || !m->data) {
                free(m->used);
                free(m->data);
                free(m);
                return -ENOMEM;
        }
        *ret = (PageStore){
                .userdata = m,
                .n_slots = n_slots,
                .take = memory_take,
                .about = memory_full,
                .full = memory_full,
                .delivered = memory_delivered,
                .free = memory_free,
                .left = memory_left,
                .formats_save = memory_formats_save,
                .formats_find = memory_formats_find,
                .counters = m->counters,
        };
        return 0;
}

void pagestore_memory_free(PageStore *store) {
        Memory *m = store->userdata;

        if (m) {
                free(m->used);
                free(m->data);
                free(m);
        }
        store->userdata = NULL;
}
