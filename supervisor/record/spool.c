#include "supervisor/record/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/base/fd.h"

/* What must hold: the process may die at any instruction, the machine may not (the file lives in memory: tmpfs). So
 * there is no fsync; what counts is that a word which says "valid" is stored, with release order, after what it says it
 * of. Damage by others is met with checksums and bounds: such a file is set aside, never believed. */
#define MAGIC UINT64_C(0x314c4f4f50535652) /* "RVSPOOL1" */
enum { VERSION = 1 };
enum { FORMATS = 4, FORMATS_BYTES = 64 * 1024 };
enum { SLOTS_DEFAULT = 256, SLOTS_MAX = 65536 };
enum { RECORD_BYTES_DEFAULT = 1024 * 1024, RECORD_BYTES_MAX = 256 * 1024 * 1024 };
enum { RECORD_ALIGN = 8 };

typedef enum SlotState {
        SLOT_FREE,
        SLOT_READING,           /* zeroed; what the kernel put there since is found by the page's own commit word */
        SLOT_FULL,
} SlotState;

typedef struct Slot {
        _Atomic uint32_t state;
        _Atomic uint32_t delivered;
        uint32_t generation, instance, cpu, length;
        uint64_t order;
} Slot;

typedef struct Formats {
        _Atomic uint32_t length;        /* 0: none */
        uint32_t generation;
        uint64_t hash;
        uint64_t order;                 /* the smallest is replaced first */
        char text[FORMATS_BYTES - 24];
} Formats;

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
} Header;

/* In the byte ring, at a multiple of RECORD_ALIGN, never broken over the end. */
typedef struct Entry {
        uint32_t total;                 /* with this header and padding */
        uint32_t type;                  /* TYPE_SKIP: nothing up to the end of the ring */
        uint64_t hash;                  /* of all that follows */
        uint64_t seq, origin_nsec;
        int32_t origin_pid;
        uint32_t meta_size, json_size, unused;
} Entry;
#define TYPE_SKIP UINT32_MAX

struct Spool {
        int fd;
        uint8_t *map;
        size_t size;
        Header *header;
        Slot *slots;
        Formats *formats;
        uint8_t *pages, *records;
        PageStore store;
        uint32_t left_at, left_slot;    /* where left() stood, so that walking on is cheap */
};

static size_t align_page(size_t n) {
        return (n + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size) {
        const uint8_t *p = data;

        for (size_t i = 0; i < size; i++)
                hash = (hash ^ p[i]) * UINT64_C(1099511628211);
        return hash;
}
#define HASH_INIT UINT64_C(14695981039346656037)

static size_t size_for(uint32_t slots, uint32_t record_bytes) {
        return align_page(sizeof(Header)) + align_page(slots * sizeof(Slot)) + FORMATS * sizeof(Formats) +
               (size_t) slots * PAGE_BYTES + record_bytes;
}

static void lay_out(Spool *s, uint32_t slots) {
        uint8_t *at = s->map;

        s->header = (Header *) (void *) at;
        at += align_page(sizeof(Header));
        s->slots = (Slot *) (void *) at;
        at += align_page(slots * sizeof(Slot));
        s->formats = (Formats *) (void *) at;
        at += FORMATS * sizeof(Formats);
        s->pages = at;
        at += (size_t) slots * PAGE_BYTES;
        s->records = at;
}

static uint64_t geometry_hash(const Header *h) {
        uint64_t hash = hash_bytes(HASH_INIT, &h->page_slots, sizeof(h->page_slots));

        hash = hash_bytes(hash, &h->record_bytes, sizeof(h->record_bytes));
        return hash_bytes(hash, h->boot_id, sizeof(h->boot_id));
}

/* ---- records ---- */

static Entry *entry_at(const Spool *s, uint64_t position) {
        return (Entry *) (void *) (s->records + position % s->header->record_bytes);
}

static uint64_t entry_hash(const Entry *e) {
        size_t skip = offsetof(Entry, seq);

        return hash_bytes(HASH_INIT ^ e->total ^ ((uint64_t) e->type << 32), (const uint8_t *) e + skip,
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

/* ---- pages ---- */

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
                    f->hash != hash_bytes(HASH_INIT, f->text, length))
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
        at->hash = hash_bytes(HASH_INIT, at->text, length);
        atomic_store_explicit(&at->length, (uint32_t) length, memory_order_release);
        return 0;
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

/* ---- opening ---- */

static int map_file(Spool *s, size_t size) {
        void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);

        if (map == MAP_FAILED)
                return -errno;
        s->map = map;
        s->size = size;
        return 0;
}

static int spool_create(Spool *s, const SpoolOptions *o) {
        uint32_t slots = o->page_slots ? o->page_slots : SLOTS_DEFAULT;
        uint32_t record_bytes = (o->record_bytes ? o->record_bytes : RECORD_BYTES_DEFAULT) / RECORD_ALIGN * RECORD_ALIGN;
        int r;

        if (slots > SLOTS_MAX || record_bytes < PAGE_BYTES || record_bytes > RECORD_BYTES_MAX)
                return -EINVAL;
        /* Empty first: what a predecessor died over while making it is zero throughout. Then all of it for sure, since a
         * full tmpfs would answer the first touch with SIGBUS. */
        if (ftruncate(s->fd, 0) < 0)
                return -errno;
        r = -posix_fallocate(s->fd, 0, (off_t) size_for(slots, record_bytes));
        if (r == 0)
                r = map_file(s, size_for(slots, record_bytes));
        if (r < 0)
                return r;
        lay_out(s, slots);
        s->header->version = VERSION;
        s->header->page_slots = slots;
        s->header->record_bytes = record_bytes;
        (void) snprintf(s->header->boot_id, sizeof(s->header->boot_id), "%s", o->boot_id);
        s->header->geometry_hash = geometry_hash(s->header);
        atomic_signal_fence(memory_order_seq_cst);
        s->header->magic = MAGIC;
        return 0;
}

/* Why this file cannot be taken over, in words; NULL: it can. */
static const char *unfit(const Header *h, size_t size, const SpoolOptions *o) {
        char boot_id[sizeof(h->boot_id)];

        if (h->magic != MAGIC || h->version != VERSION)
                return "it is of another version or no spool at all";
        if (h->geometry_hash != geometry_hash(h) || h->page_slots == 0 || h->page_slots > SLOTS_MAX ||
            h->record_bytes < PAGE_BYTES || h->record_bytes > RECORD_BYTES_MAX || h->record_bytes % RECORD_ALIGN != 0 ||
            size != size_for(h->page_slots, h->record_bytes))
                return "its head is damaged";
        (void) snprintf(boot_id, sizeof(boot_id), "%s", o->boot_id);
        if (strncmp(h->boot_id, boot_id, sizeof(boot_id)) != 0)
                return "it is of another boot";
        return NULL;
}

/* Pages whose read a crash interrupted count where the kernel's copy arrived. */
static void mend_slots(Spool *s) {
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

/* Keeps the records up to the first damaged one. Returns how many bytes were given up. */
static uint64_t mend_records(Spool *s) {
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

static int set_aside(Spool *s, const char *path, const char *why, char *note, size_t note_size) {
        char old[4096];

        (void) snprintf(note, note_size, "the spool was set aside as %s.old: %s", path, why);
        if ((size_t) snprintf(old, sizeof(old), "%s.old", path) >= sizeof(old))
                return -ENAMETOOLONG;
        if (rename(path, old) < 0)
                return -errno;
        if (s->map)
                (void) munmap(s->map, s->size);
        s->map = NULL;
        fd_closep(&s->fd);
        s->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (s->fd < 0)
                return -errno;
        return flock(s->fd, LOCK_EX | LOCK_NB) < 0 ? (errno == EWOULDBLOCK ? -EBUSY : -errno) : 0;
}

static int open_steps(Spool *s, const char *path, const SpoolOptions *o, char *note, size_t note_size) {
        const char *why = NULL;
        struct stat st;
        uint64_t given_up;
        int r;

        s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (s->fd < 0)
                return -errno;
        if (flock(s->fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        if (fstat(s->fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        if (st.st_size == 0)
                return spool_create(s, o);
        if ((size_t) st.st_size < size_for(1, PAGE_BYTES) || (size_t) st.st_size > size_for(SLOTS_MAX, RECORD_BYTES_MAX))
                why = "it is damaged";
        else {
                r = map_file(s, (size_t) st.st_size);
                if (r < 0)
                        return r;
                why = unfit((const Header *) (const void *) s->map, s->size, o);
        }
        if (why) {
                r = set_aside(s, path, why, note, note_size);
                return r < 0 ? r : spool_create(s, o);
        }
        lay_out(s, ((const Header *) (const void *) s->map)->page_slots);
        mend_slots(s);
        given_up = mend_records(s);
        if (given_up > 0)
                (void) snprintf(note, note_size, "%llu bytes of damaged records in the spool were given up",
                                (unsigned long long) given_up);
        return 0;
}

int spool_open(Spool **ret, const char *path, const SpoolOptions *options, char *ret_note, size_t note_size) {
        Spool *s = calloc(1, sizeof(*s));
        int r;

        if (note_size > 0)
                *ret_note = '\0';
        if (!s)
                return -ENOMEM;
        s->fd = -1;
        r = open_steps(s, path, options, ret_note, note_size);
        if (r < 0) {
                spool_close(s);
                return r;
        }
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
        *ret = s;
        return 0;
}

Spool *spool_close(Spool *s) {
        if (!s)
                return NULL;
        if (s->map)
                (void) munmap(s->map, s->size);
        fd_closep(&s->fd);
        free(s);
        return NULL;
}
