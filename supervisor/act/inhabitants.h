#pragma once
/* The processes of a cgroup and all below it. Nothing that waits for a lock of memory management. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INHABITANTS_MAX = 4096 };

typedef struct Inhabitants {
        int32_t pids[INHABITANTS_MAX];
        size_t n;
        unsigned level;
        int dirfd;
} Inhabitants;

/* Those who are there now, to be freed with free(). NULL: no memory. */
Inhabitants *inhabitants(int dirfd);

/* Whether @pid is one of them. */
bool inhabitants_have(const Inhabitants *in, int32_t pid);
