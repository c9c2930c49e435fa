#pragma once
/* Limitwatch: who wrote to the limits of cgroups that rules look at, and of those above them? By inotify on the files, which tells of
 * every write, so that nobody has to read them again before. A mark costs the kernel 1.3 to 1.7 KB and no wakeup. Event thread only,
 * but for limitwatch_mark(). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Limitwatch Limitwatch;

/* Which files. */
enum { LIMITWATCH_MAX = 1, LIMITWATCH_SWAP = 2, LIMITWATCH_HIGH = 4, LIMITWATCH_FILES = 3 };

/* Returns 0, -ENOMEM or -errno. */
int limitwatch_new(Limitwatch **ret);
Limitwatch *limitwatch_free(Limitwatch *l);

/* The inotify descriptor: to wait on, and for limitwatch_mark(). */
int limitwatch_fd(const Limitwatch *l);

/* Marks @files of the open cgroup @dirfd on the inotify descriptor @fd; one that is marked stays. Writes their numbers to @ret_wds, 0
 * where there is none. Returns false where the kernel gives no more. May stall: eyes only. */
bool limitwatch_mark(int fd, int dirfd, unsigned files, int32_t ret_wds[static LIMITWATCH_FILES]);

/* These marks are of cgroup @id. Without memory they are taken away. */
void limitwatch_took(Limitwatch *l, uint64_t id, const int32_t wds[static LIMITWATCH_FILES]);

/* Takes the marks of a cgroup that died away (kernels before 7.1 keep them for ever); of all. */
void limitwatch_forget(Limitwatch *l, uint64_t id);
void limitwatch_clear(Limitwatch *l);

/* Calls @told for each cgroup whose limits were written to since the last time; 0: any may have been. */
void limitwatch_drain(Limitwatch *l, void (*told)(void *userdata, uint64_t id), void *userdata);

/* How many files are marked. */
size_t limitwatch_count(const Limitwatch *l);
