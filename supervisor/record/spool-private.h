#pragma once
/* What lies in the spool's file, for the files that work on it.
 *
 * What must hold: the process may die at any instruction, the machine may not (the file lives in memory: tmpfs). So
 * there is no fsync; what counts is that a word which says "valid" is stored, with release order, after what it says it
 * of. Damage by others is met with checksums and bounds: such a file is set aside, never believed. */
#include <stdatomic.h>

#include "supervisor/record/spool.h"

enum { FORMATS = 4, FORMATS_BYTES = 64 * 1024 };
enum { RECORD_ALIGN = 8 };

/* What a place for a page holds. */
typedef enum SlotState {
        SLOT_FREE,
        SLOT_READING,           /* zeroed; what the kernel put there since is found by the page's own commit word */
        SLOT_FULL,
} SlotState;

/* A place for a page. */
typedef struct Slot {
        _Atomic uint32_t state;
        _Atomic uint32_t delivered;
        uint32_t generation, instance, cpu, length;
        uint64_t order;
} Slot;

/* The formats of the events in the pages of one generation. */
typedef struct Formats {
        _Atomic uint32_t length;        /* 0: none */
        uint32_t generation;
        uint64_t hash;
        uint64_t order;                 /* the smallest is replaced first */
        char text[FORMATS_BYTES - 24];
} Formats;

/* A place for something that is to be undone. */
typedef struct KeptSlot {
        _Atomic uint32_t full;
        uint64_t hash;                  /* of what it keeps */
        SpoolKept kept;
} KeptSlot;

/* The head of the file. */
typedef struct Header {
        uint64_t magic;
        uint32_t version;
        uint32_t page_slots;
        uint32_t record_bytes;
        char boot_id[40];
        uint64_t counters[PAGE_COUNTERS];
        _Atomic uint64_t tail, head;    /* of the byte ring; they only grow, the place is the rest by record_bytes */
        _Atomic uint64_t last_seq;
        _Atomic uint64_t lost;
        uint64_t formats_order;
        uint64_t geometry_hash;
        SpoolAccount account;
        uint64_t room[SPOOL_ROOM / sizeof(uint64_t)];   /* zero where an older version made the file */
} Header;
_Static_assert(sizeof(Header) <= PAGE_BYTES, "what lies behind it stays where it is");

/* A record in the byte ring, at a multiple of RECORD_ALIGN, never broken over the end. */
typedef struct Entry {
        uint32_t total;                 /* with this header and padding */
        uint32_t type;                  /* TYPE_SKIP: nothing up to the end of the ring */
        uint64_t hash;                  /* of all that follows */
        uint64_t seq, origin_nsec;
        int32_t origin_pid;
        uint32_t meta_size, json_size, unused;
} Entry;

/* The type of a skip. */
#define TYPE_SKIP UINT32_MAX

struct Spool {
        int fd;
        uint8_t *map;
        size_t size;
        Header *header;
        KeptSlot *kept;
        Slot *slots;
        Formats *formats;
        uint8_t *pages, *records;
        PageStore store;
        uint32_t left_at, left_slot;    /* where the walk over what was left stood, so that walking on is cheap */
};

/* FNV-1a over @size bytes, going on from @hash. */
#define SPOOL_HASH_INIT UINT64_C(14695981039346656037)
static inline uint64_t spool_hash(uint64_t hash, const void *data, size_t size) {
        const uint8_t *p = data;

        for (size_t i = 0; i < size; i++)
                hash = (hash ^ p[i]) * UINT64_C(1099511628211);
        return hash;
}

/* Gives the store of the pages its functions; the mapping stands. */
void spool_pages_init(Spool *s);

/* Pages whose read a crash interrupted count where the kernel's copy arrived. */
void spool_pages_mend(Spool *s);

/* Keeps the records up to the first damaged one. Returns how many bytes were given up. */
uint64_t spool_records_mend(Spool *s);
