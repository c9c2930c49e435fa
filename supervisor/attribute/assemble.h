#pragma once
/* Assembly: the stream of Evidence of the kprobe tier becomes kills. Pure: no clock, no allocation; the caller brings
 * memory once and the evidence in order of time. One invocation of the OOM killer is one kill, known by the thread that
 * ran it; others may interleave. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/attribute/evidence.h"
#include "supervisor/attribute/kill.h"

typedef struct AssembleOptions {
        uint32_t page_size;             /* bytes; 0: 4096 */
        uint32_t max_open;              /* invocations under way at once; 0: 8 (oom_lock lets one in, so this is ample) */
        uint32_t max_victims;           /* per invocation; 0: 2048 */
        uint32_t path_bytes;            /* per invocation, for paths made of the evidence's names; 0: 16384 */
        uint32_t charge_slack_pages;    /* how far usage may stand above max without a limit having been written: what
                                         * charges under way add for a moment, 64 pages a CPU. 0: 64 */
        uint64_t expire_nsec;           /* an invocation whose end mark does not come is closed when it has been silent for
                                         * this long; 0: 5 s */
        uint64_t patience_nsec;         /* ... and while no victim has come for this long: the kernel prints its dump in
                                         * between, and a slow console takes its time. Where a ring was overrun what is
                                         * waited for may be lost: then as above. 0: 120 s */
} AssembleOptions;

typedef struct AssembleStats {
        uint64_t ooms;                  /* invocations begun */
        uint64_t attempts;              /* victims' records seen: passes through __oom_kill_process() */
        uint64_t confirmed;             /* those whose SIGKILL followed: what vmstat oom_kill counts */
        uint64_t not_counted;           /* closed invocations' attempts without SIGKILL: the mm was gone already */
        uint64_t cut_short;             /* the same where a ring was overrun meanwhile: the SIGKILL may have been overwritten */
        uint64_t ownerless;             /* confirmed ones whose mm had no owner: memory.events does not count them */
        uint64_t kills;                 /* handed over */
        uint64_t sigkills;              /* kernel's SIGKILLs outside any OOM, handed over */
        uint64_t empty;                 /* invocations that ended without a confirmed victim */
        uint64_t unclosed;              /* closed without an end mark */
        uint64_t headless;              /* victims without their invocation's record: recorded, scope unknown */
        uint64_t victims_left_out;      /* did not fit into max_victims; they are counted in attempts and confirmed */
        uint64_t ooms_pushed_out;       /* closed early since more than max_open were under way */
} AssembleStats;

/* Who takes what was assembled. Kill, its victims and paths live until the callback returns. */
typedef struct AssembleSink {
        void (*kill)(const Kill *k, void *userdata);
        void (*sigkill)(const Sigkill *s, void *userdata);      /* may be NULL */
        void *userdata;
} AssembleSink;

typedef struct Assembler Assembler;

/* How many bytes of memory an assembler with these options needs. Untouched parts stay untouched until used. */
size_t assemble_size(const AssembleOptions *o);

/* Makes an assembler in @memory: assemble_size(@o) bytes, aligned as malloc() and mmap() do. The memory stays the
 * caller's, who frees it when the assembler is used no more. */
Assembler *assemble_init(void *memory, const AssembleOptions *o);

/* Takes one piece of evidence. mkdir and rmdir are not looked at. Strings of @e are copied. */
void assemble_feed(Assembler *a, const Evidence *e, const AssembleSink *sink);

/* Closes invocations whose end mark did not come in time (see expire_nsec; victims_complete is false). */
void assemble_expire(Assembler *a, uint64_t now_nsec, const AssembleSink *sink);

/* Forgets the invocations under way as if none of their evidence had come: the same evidence will be fed again. */
void assemble_forget(Assembler *a);

/* When the oldest invocation under way began (CLOCK_BOOTTIME), UINT64_MAX when none is: ring pages and spool slots from
 * then on are still needed. */
uint64_t assemble_oldest(const Assembler *a);

/* Counters since assemble_init(). */
const AssembleStats *assemble_stats(const Assembler *a);
