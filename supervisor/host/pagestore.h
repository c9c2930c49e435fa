#pragma once
/* Where raw ring pages lie between the read that consumes them and the record that makes them superfluous. The kprobe
 * source reads into whatever stands behind this table: the spool (record/spool.h), which outlives a crash, or its own
 * memory when it is given none. Used by one thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAGE_BYTES = 4096 };             /* of a ring page and of a slot */
enum { PAGE_COUNTERS = 32 };

/* Which of the two tracefs instances a page came from. */
typedef enum PageInstance {
        PAGE_KILLS,
        PAGE_CHURN,
        PAGE_INSTANCES,
} PageInstance;

typedef struct PageInfo {
        uint32_t generation;            /* of the probe formats the page was written under */
        uint32_t instance;              /* PageInstance */
        uint32_t cpu;
        uint32_t length;                /* bytes read, header included; PAGE_BYTES at most */
        uint64_t order;                 /* rises with each page read: pages of one ring are in this order */
        uint32_t delivered;             /* how many of its events were handed over (and counted) before */
} PageInfo;

typedef struct PageStore {
        void *userdata;
        uint32_t n_slots;

        /* Gives a free slot, zeroed and marked as being read into. Returns 0, or -ENOBUFS (counted by the caller). */
        int (*take)(void *userdata, uint32_t *ret_slot, void **ret_data);

        /* What is about to be read into it: if the read is the last thing this process does, this is how it is known. */
        void (*about)(void *userdata, uint32_t slot, const PageInfo *info);

        /* What was read stands in the slot: from here on a crash finds it again. */
        void (*full)(void *userdata, uint32_t slot, const PageInfo *info);

        /* So many of its events are handed over and counted: a replay hands them over again, but counts no more. */
        void (*delivered)(void *userdata, uint32_t slot, uint32_t events);

        /* The slot is free again. */
        void (*free)(void *userdata, uint32_t slot);

        /* Slots that an earlier run left full. @index counts from 0; returns -ENOENT after the last. The slots stay full
         * until free() is called for them. */
        int (*left)(void *userdata, uint32_t index, uint32_t *ret_slot, void **ret_data, PageInfo *ret_info);

        /* Keeps the event formats of @generation (replacing the oldest when there is no room). 0 or -ENOSPC. */
        int (*formats_save)(void *userdata, uint32_t generation, const char *text, size_t length);

        /* Finds them again. 0 with the text in the store's memory, or -ENOENT. */
        int (*formats_find)(void *userdata, uint32_t generation, const char **ret_text, size_t *ret_length);

        /* PAGE_COUNTERS numbers that live as long as the store does; the source's own bookkeeping. */
        uint64_t *counters;
} PageStore;

/* A store of @n_slots in private memory: for tools, and where there is no spool. Returns 0 or -ENOMEM; the caller frees
 * with pagestore_memory_free(). */
int pagestore_memory_new(PageStore *ret, uint32_t n_slots);
void pagestore_memory_free(PageStore *store);
