#include "supervisor/record/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/record/spool-private.h"

#define MAGIC UINT64_C(0x314c4f4f50535652) /* "RVSPOOL1" */
enum { VERSION = 2 };
enum { SLOTS_DEFAULT = 256, SLOTS_MAX = 65536 };
enum { RECORD_BYTES_DEFAULT = 1024 * 1024, RECORD_BYTES_MAX = 256 * 1024 * 1024 };

static size_t align_page(size_t n) {
        return (n + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static size_t size_for(uint32_t slots, uint32_t record_bytes) {
        return align_page(sizeof(Header)) + align_page(SPOOL_KEPT_MAX * sizeof(KeptSlot)) + align_page(slots * sizeof(Slot)) + FORMATS * sizeof(Formats) +
               (size_t) slots * PAGE_BYTES + record_bytes;
}

static void lay_out(Spool *s, uint32_t slots) {
        uint8_t *at = s->map;

        s->header = (Header *) (void *) at;
        at += align_page(sizeof(Header));
        s->kept = (KeptSlot *) (void *) at;
        at += align_page(SPOOL_KEPT_MAX * sizeof(KeptSlot));
        s->slots = (Slot *) (void *) at;
        at += align_page(slots * sizeof(Slot));
        s->formats = (Formats *) (void *) at;
        at += FORMATS * sizeof(Formats);
        s->pages = at;
        at += (size_t) slots * PAGE_BYTES;
        s->records = at;
}

static uint64_t geometry_hash(const Header *h) {
        uint64_t hash = spool_hash(SPOOL_HASH_INIT, &h->page_slots, sizeof(h->page_slots));

        hash = spool_hash(hash, &h->record_bytes, sizeof(h->record_bytes));
        return spool_hash(hash, h->boot_id, sizeof(h->boot_id));
}

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
        spool_pages_mend(s);
        given_up = spool_records_mend(s);
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
        spool_pages_init(s);
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

void *spool_room(Spool *s) {
        return s->header->room;
}

SpoolAccount *spool_account(Spool *s) {
        return &s->header->account;
}
