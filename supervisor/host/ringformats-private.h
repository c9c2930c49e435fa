#pragma once
/* Between reading formats and decoding events by them. */
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/attribute/evidence.h"
#include "supervisor/host/ringformats.h"

/* The fields that somebody asks for, by the names the probes give them. */
#define FIELDS(X)                                                                                                  \
        X(memcg) X(domain) X(usage) X(max) X(peak) X(swap_usage) X(swap_max) X(constraint) X(points) X(total)      \
        X(order) X(gfp) X(chosen) X(chosen_pid) X(invoker) X(message) X(pid) X(tgid) X(comm) X(start) X(signal)    \
        X(adj) X(cred) X(uid) X(mm) X(file) X(anon) X(swap) X(shmem) X(tables) X(owner) X(cgid) X(level)           \
        X(charged) X(sig) X(code) X(group) X(result) X(root) X(id) X(path)

/* And as indexes. */
enum {
#define X(name) F_##name,
        FIELDS(X)
#undef X
        F_i0,                                           /* ancestors' ids */
        F_n0 = F_i0 + EVIDENCE_ANCESTORS_MAX,           /* names from the root down */
        F_u0 = F_n0 + EVIDENCE_LEVELS_MAX + 1,          /* names from the cgroup up */
        F_COUNT = F_u0 + EVIDENCE_LEVELS_MAX + 1,
};

/* Where one field lies. */
typedef struct Field {
        uint16_t offset;
        uint8_t size;           /* 0: this event has no such field */
        bool is_signed, is_dynamic;
} Field;

/* All fields of one event. */
typedef struct Format {
        int id;                 /* common_type; -1: none of this generation */
        Field fields[F_COUNT];
} Format;

/* The events there are. */
typedef enum FormatKind {
        FORMAT_KILL,
        FORMAT_VICTIM,
        FORMAT_DONE,
        FORMAT_GROUP,
        FORMAT_SELF,
        FORMAT_SIGNAL,
        FORMAT_MKDIR,
        FORMAT_RMDIR,
        FORMAT_KINDS,
} FormatKind;

/* One of each; those the text does not have bear the id -1. */
struct RingFormats {
        Format formats[FORMAT_KINDS];
};
