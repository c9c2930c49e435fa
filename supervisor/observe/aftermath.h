#pragma once
/* Aftermath: what was known at the moment of a kill, kept until an eye has looked at what is left. What the dead held is
 * gone by then, and without it the blame would fall on whoever still lives. Event thread only. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/attribute/kill.h"
#include "supervisor/text/kernfile.h"
#include "supervisor/tree/tree.h"

enum { AFTERMATH_VICTIMS_MAX = 16, AFTERMATH_KEPT = 64 };

typedef struct AftermathVictim {
        uint64_t cgroup_id;
        int64_t anon_bytes, file_bytes, shmem_bytes;
} AftermathVictim;

typedef struct Aftermath {
        uint64_t seq;                   /* of the kill's record; 0: free */
        bool host;                      /* scope host: the top level counts */
        uint64_t limit_id;
        int64_t limit_current_bytes;    /* page counter at the kill; KILL_UNKNOWN */
        AftermathVictim victims[AFTERMATH_VICTIMS_MAX];
        size_t n_victims;
        bool has_before;
        MemoryEvents before;            /* memory.events of the limit's cgroup, as last seen before the kill */
} Aftermath;

/* The last kills whose details are awaited; the oldest gives way. */
typedef struct Aftermaths {
        Aftermath kept[AFTERMATH_KEPT];
        size_t next;
} Aftermaths;

/* Remembers @kill, recorded as @seq. @before may be NULL. */
void aftermath_keep(Aftermaths *a, uint64_t seq, const Kill *kill, const MemoryEvents *before);

/* Completes @details (the eyes' fields of a `more` record) for the kill @seq: gives back to the contributors, and to the
 * limit's anon, file and shmem, what the dead held and had given up when the eye looked; adds a contributor that was
 * removed meanwhile; adds counters.before. @tree tells who lies below whom, @path writes paths. Kills not kept any
 * more leave @details as they are. */
void aftermath_complete(Aftermaths *a, uint64_t seq, json_t *details, const Tree *tree,
                        const char *(*path)(void *userdata, uint64_t cgroup_id), void *userdata);
