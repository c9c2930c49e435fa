#pragma once
/* What is known of a cgroup's memory over time: looks that stand in captures and black boxes, and what its JVMs may take. */
#include <reeve/reeve.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/ctl/options.h"

/* One look, bytes. */
typedef struct EvidenceLook {
        int64_t time_usec;              /* since 1970 */
        int64_t need;                   /* unreclaimable memory and swap */
} EvidenceLook;

typedef struct EvidenceJvm {
        int32_t pid;
        int64_t xmx_bytes, heap_bytes;  /* xmx -1: not given */
        int32_t permyriad;              /* MaxRAMPercentage=; -1: not given */
} EvidenceJvm;

typedef struct Evidence {
        EvidenceLook *looks;            /* oldest first after evidence_sort() */
        size_t n, size;
        size_t files;                   /* captures that tell of it */
        EvidenceJvm *jvms;
        size_t n_jvms, jvms_size;
        bool not_allowed;               /* the black box may not be read by the caller */
} Evidence;

#define EVIDENCE_INIT { .looks = NULL }

/* Frees it. */
void evidence_clear(Evidence *e);

/* Adds a look. */
void evidence_add(Evidence *e, int64_t time_usec, int64_t need);

/* Adds all looks at the cgroup named @path (raw bytes) in the black box's files in @directory (NULL: none), and in what reeved holds
 * in memory. */
void evidence_boxes(Evidence *e, reeve *r, const char *directory, const char *path);

/* Adds the JVMs at and below @path, whose heaps are shares of @available bytes (-1: not known). */
void evidence_jvms(Evidence *e, const char *path, int64_t available);

/* Orders the looks and drops those told twice. */
void evidence_sort(Evidence *e);
