/* What is kept in the spool until it is undone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/record/spool-private.h"

static uint64_t hash_of(const SpoolKept *k) {
        return spool_hash(SPOOL_HASH_INIT, k, sizeof(*k));
}

int spool_keep(Spool *s, const SpoolKept *kept) {
        for (int i = 0; i < SPOOL_KEPT_MAX; i++) {
                KeptSlot *slot = &s->kept[i];

                if (atomic_load_explicit(&slot->full, memory_order_relaxed))
                        continue;
                /* Padding is hashed too. */
                memset(&slot->kept, 0, sizeof(slot->kept));
                slot->kept.kind = kept->kind;
                slot->kept.key = kept->key;
                slot->kept.cgroup_id = kept->cgroup_id;
                slot->kept.until_usec = kept->until_usec;
                slot->kept.uid = kept->uid;
                slot->kept.flags = kept->flags;
                (void) snprintf(slot->kept.path, sizeof(slot->kept.path), "%s", kept->path);
                slot->hash = hash_of(&slot->kept);
                atomic_store_explicit(&slot->full, 1, memory_order_release);
                return i;
        }
        return -ENOBUFS;
}

void spool_drop(Spool *s, int place) {
        if (place >= 0 && place < SPOOL_KEPT_MAX)
                atomic_store_explicit(&s->kept[place].full, 0, memory_order_release);
}

bool spool_kept(const Spool *s, int place, SpoolKept *ret) {
        const KeptSlot *at;

        if (place < 0 || place >= SPOOL_KEPT_MAX)
                return false;
        at = &s->kept[place];
        if (!atomic_load_explicit(&at->full, memory_order_acquire) || at->hash != hash_of(&at->kept))
                return false;
        *ret = at->kept;
        ret->path[sizeof(ret->path) - 1] = '\0';
        return true;
}
