#include "supervisor/host/ringpage.h"

#include <errno.h>
#include <kbuffer.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/host/pagestore.h"

enum { PAGE_HEADER = 16 };              /* time stamp and commit, both of 8 bytes on 64-bit kernels */
enum { COMMIT_MASK = (1 << 27) - 1 };

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
