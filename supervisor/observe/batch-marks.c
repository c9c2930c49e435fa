/* Marks on the limits of cgroups that are looked at, and of those above them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"
#include "supervisor/observe/batch.h"

enum { LEVELS_MAX = 64 };

static bool is_marked(const Batch *b, uint64_t id, unsigned files) {
        for (size_t i = 0; i < b->n_marks; i++)
                if (b->marks[i].above && b->marks[i].id == id && (b->marks[i].files & files) == files)
                        return true;
        return false;
}

static bool mark(Batch *b, int dirfd, uint64_t id, unsigned files, bool above) {
        BatchMark *more = array_grow(b->marks, b->n_marks, &b->marks_size, sizeof(*more));

        if (!more)
                return false;
        b->marks = more;
        more[b->n_marks] = (BatchMark) { .id = id, .files = files, .above = above };
        return limitwatch_mark(b->limits_fd, dirfd, files, more[b->n_marks++].wds);
}

void batch_marks_set(Batch *b, BatchItem *i, int dirfd) {
        int at;

        i->marked = mark(b, dirfd, i->id, i->mark_files, /* above= */ false);
        at = dup(dirfd);
        for (int level = 0; at >= 0 && i->marked && level < LEVELS_MAX; level++) {
                int above = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                uint64_t id;

                (void) close(at);
                at = above;
                /* The root has no limits; of whom was met in this round those above were, too. */
                if (at < 0 || faccessat(at, "memory.max", F_OK, 0) < 0 || cgroupfs_id(at, &id) < 0 || is_marked(b, id, i->mark_files))
                        break;
                i->marked = mark(b, at, id, i->mark_files, /* above= */ true);
        }
        if (at >= 0)
                (void) close(at);
}
