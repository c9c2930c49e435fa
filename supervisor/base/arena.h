#pragma once
/* Memory for JSON on the event thread: jansson allocates from the arena of the thread that has one, from malloc()
 * elsewhere. The kill path so never asks the kernel for memory on a host that has none. */
#include <stddef.h>

typedef struct Arena {
        char *base;
        size_t size, used, high_water;
        unsigned long overflows;        /* requests that did not fit and went to malloc() */
} Arena;

/* Sets jansson's allocator to the one described above. Once, before any thread starts. */
void arena_install(void);

/* Makes @a the arena of this thread until arena_leave(). What is allocated in between must not outlive arena_leave():
 * json_decref() it or drop it. Enter and leave pair up; no nesting. */
void arena_enter(Arena *a);

/* Back to malloc(); all that the arena gave is void. */
void arena_leave(Arena *a);
