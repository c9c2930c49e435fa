#pragma once
/* The kprobe source: the kernel's OOM killer seen from inside. Two private tracefs instances: `kills`, which only the
 * kernel writes, and `churn`, which users can fill; losing churn costs names and senders, never a kill. Probes and rings
 * outlive the process: what happens while nobody reads is read at the next start. All of it runs on one thread, and
 * after kprobe_open() nothing here allocates. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/attribute/evidence.h"
#include "supervisor/host/pagestore.h"

typedef struct Kprobe Kprobe;

typedef struct KprobeOptions {
        const char *state_directory;    /* its hash is in all names, so that two supervisors do not meet; required */
        const char *cgroup_root;        /* where cgroup2 is mounted; NULL: /sys/fs/cgroup */
        const char *tracing_directory;  /* NULL: /sys/kernel/tracing, else /sys/kernel/debug/tracing */
        const char *btf_path;           /* NULL: /sys/kernel/btf/vmlinux */
        uint64_t kills_ring_bytes;      /* a CPU; 0: 128 KiB. Cut so that all rings take at most 0.1 % of RAM, never below 16 KiB */
        uint64_t churn_ring_bytes;      /* a CPU; 0: 64 KiB */
        const PageStore *pages;         /* where pages are kept over a crash; NULL: in own memory */
        bool interrupted;               /* somebody switched our rings off since they were last opened */
        const char *shift_offset;       /* for tests: the offset of this name is taken 8 bytes too far (kprobe_offset_name()) */
} KprobeOptions;

typedef struct KprobeProbe {
        const char *name;               /* "kill", "victim", "done", "group" */
        uint64_t hits;                  /* as the kernel counts, since the probe was made */
        uint64_t missed;                /* the kernel could not run the probe */
        uint64_t read;                  /* records read, since the probe was made */
        uint64_t told;                  /* lost ones that are told already: kprobe_told_lost() */
} KprobeProbe;

typedef struct KprobeRing {
        const char *name;               /* "kills", "churn" */
        uint32_t cpu;
        uint64_t size_bytes;
        uint64_t overruns;              /* events overwritten before they were read, since the ring was made */
        uint64_t drops;                 /* events that found no place */
} KprobeRing;

enum { KPROBE_PROBES_MAX = 4 };

typedef struct KprobeCounters {
        KprobeProbe probes[KPROBE_PROBES_MAX];
        uint32_t n_probes;
        uint64_t lost_kills;            /* overruns and drops of all kills rings, since the rings were made */
        uint64_t lost_churn;
        uint64_t told_kills;            /* of lost_kills, those that stood there when a loss was told last */
        uint64_t kernel_bytes;          /* ring memory of all CPUs */
        uint64_t undecoded;             /* records of a format that is no longer known, or damaged */
        uint64_t unspooled;             /* pages that stood in no spool slot, or lost theirs to a newer page */
        uint64_t implausible;           /* OOMs that contradict themselves (a victim outside the domain ...): an offset is wrong */
} KprobeCounters;

/* Finds the kernel's structures, proves the offsets by a self-test, makes or adopts probes and instances, opens all
 * rings. What an earlier run left (spooled pages, rings of this or another generation) comes with the first
 * kprobe_drain(). Returns 0; -ENOENT (no BTF, no symbol, no tracefs), -EACCES / -EPERM (not allowed), -EBADMSG (the
 * self-test is red), other -errno; then @reterr_why says it in words. The caller frees with kprobe_close(). */
int kprobe_open(Kprobe **ret, const KprobeOptions *options, char *reterr_why, size_t why_size);

/* Closes what this process holds; probes and rings stay and go on recording. Returns NULL. */
Kprobe *kprobe_close(Kprobe *k);

/* Readable (level) while the kills rings hold something. For the event loop; belongs to @k. */
int kprobe_kills_fd(const Kprobe *k);

/* The same of the churn rings. Under load the caller looks at it at most 20 times a second; a drain reads both anyhow. */
int kprobe_churn_fd(const Kprobe *k);

/* Takes one piece of evidence; it is valid during the call only. */
typedef void (*KprobeTake)(const Evidence *evidence, void *userdata);

/* Reads all rings and hands over every event up to the moment of the call, in order of time over all CPUs. Strings of an
 * Evidence live until kprobe_release() passes its time. Where the page store is full: with @keep the rest stays in the rings,
 * until they overrun; else the page that was handed over longest ago gives way, and would be lost in a crash (counted:
 * unspooled). Returns 0, or 1 when there are more events already, or -errno of a ring that can no longer be read. */
int kprobe_drain(Kprobe *k, bool keep, KprobeTake take, void *userdata);

/* Everything up to @upto_nsec (CLOCK_BOOTTIME) is in finished records that are spooled: its pages may go. Pass the time
 * before the oldest OOM still open, or UINT64_MAX when there is none. */
void kprobe_release(Kprobe *k, uint64_t upto_nsec);

/* The time up to which the last drain was complete: CLOCK_BOOTTIME, nanoseconds. */
uint64_t kprobe_drained_nsec(const Kprobe *k);

/* From when on our probes, of this or an earlier run or generation, were in place without a break (CLOCK_BOOTTIME,
 * nanoseconds): what the kernel killed since is in the rings or was read from them. */
uint64_t kprobe_since_nsec(const Kprobe *k);

/* Is everything still switched on? Cheap (a few reads of held descriptors): at each watchdog tick and after each kill.
 * Returns 0, or -ESHUTDOWN with the reason in words (somebody turned tracing off, changed a filter ...), -EBADMSG when
 * records contradict themselves. */
int kprobe_check(Kprobe *k, char *reterr_why, size_t why_size);

/* Reads hits, overruns and drops anew and tells them with what was read. Returns 0 or -errno. */
int kprobe_counters(Kprobe *k, KprobeCounters *ret);

/* @attempts hits of the probe "victim" that left no record are told: hits = read + told is where the next run begins. */
void kprobe_told_lost(Kprobe *k, uint64_t attempts);

/* What was lost since the last call, told once, also over restarts. */
typedef struct KprobeLoss {
        uint64_t ooms, attempts, ends;  /* probe hits that left no record we could read */
        uint64_t kills_events, churn_events;    /* overruns and drops as the rings count them; kills_events explain the above */
} KprobeLoss;

/* Compares hits with records read, after draining (as kprobe_drain(); its return value too). After each kill and at each
 * watchdog tick. What is lost by overrun stands in both counts: take the probes' as the number of kills lost. */
int kprobe_reconcile(Kprobe *k, KprobeTake take, void *userdata, KprobeLoss *ret);

/* How many records of the victim probe were read since it was made: KprobeProbe.read, without a system call. */
uint64_t kprobe_victims_read(const Kprobe *k);

/* Tells ring @index (0 ...) of it; sizes and losses as kprobe_counters() last read them. Returns 0 or -ENOENT. */
int kprobe_ring(const Kprobe *k, uint32_t index, KprobeRing *ret);

/* Names of the offsets that KprobeOptions.shift_offset knows, from 0; NULL after the last. @ret_proved: the self-test at
 * start proves it (otherwise the first kill does). */
const char *kprobe_offset_name(uint32_t index, bool *ret_proved);

/* Removes probes and instances of all generations that belong to @state_directory. Returns 0 (also when there was
 * nothing), -EBUSY when somebody still reads them, other -errno; then @reterr_why. */
int kprobe_uninstall(const char *state_directory, const char *tracing_directory, char *reterr_why, size_t why_size);
