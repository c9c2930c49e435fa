#pragma once
/* Scope-bound ownership: what a function opened is closed on every way out, unless it was handed over. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Closes *@fd if it is open; leaves errno as it was. For use with _cleanup_close_. */
static inline void fd_closep(int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
}

/* Hands the descriptor over: returns *@fd and leaves -1 behind. */
static inline int fd_steal(int *fd) {
        int taken = *fd;

        *fd = -1;
        return taken;
}

/* Frees what a pointer variable points to. For use with _cleanup_free_. */
static inline void ptr_freep(void *p) {
        free(*(void **) p);
}

/* Hands a pointer over: yields its value and leaves NULL behind. */
#define ptr_steal(p)                       \
        ({                                 \
                __typeof__(p) *_pp = &(p); \
                __typeof__(p) _v = *_pp;   \
                *_pp = NULL;               \
                _v;                        \
        })

/* For _cleanup_: closes a FILE. */
static inline void file_closep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

/* For _cleanup_: closes a DIR. */
static inline void dir_closep(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_close_ _cleanup_(fd_closep)
#define _cleanup_free_ _cleanup_(ptr_freep)
#define _cleanup_fclose_ _cleanup_(file_closep)
#define _cleanup_closedir_ _cleanup_(dir_closep)

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))
