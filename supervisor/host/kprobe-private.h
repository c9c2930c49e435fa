#pragma once
/* What the files of the kprobe source share: rings of one or more generations, merged by time, and the pages behind them. */
#include "supervisor/host/generation.h"
#include "supervisor/host/kprobe.h"
#include "supervisor/host/ringevent.h"
#include "supervisor/host/ringpage.h"

enum { GENERATIONS_MAX = 4 };
enum { RING_NO_PAGE = UINT32_MAX };

/* The OOM that is open in one generation's stream; oom_lock admits one at a time. */
typedef struct OpenOom {
        bool open, taken;               /* taken: handed over; else this OOM is the other generation's */
        bool seen_any;
        bool lossy;                     /* a ring was overrun meanwhile */
        uint64_t begin_nsec;
        int32_t pid;
        uint32_t victims;
        uint64_t group_id, domain_id;
        bool check_domain;
        int32_t chosen_pid;
} OpenOom;

/* Probes and rings of one set of offsets: our own, or a binary's before us. */
typedef struct Generation {
        GenerationName name;
        RingFormats *formats;           /* NULL: lost, its pages cannot be read */
        bool current;
        bool in_kernel;                 /* it has rings; else only spooled pages are left of it */
        OpenOom oom;
} Generation;

/* A slot of the page store that holds something. */
typedef struct Page {
        bool used, done;                /* done: everything in it was handed over */
        uint32_t next;                  /* of the same ring's waiting pages */
        void *data;
        uint32_t delivered, counted;    /* events handed over; of those, counted by an earlier run */
        uint64_t last_nsec;
} Page;

/* One CPU's ring of one instance of one generation. */
typedef struct Ring {
        Generation *generation;
        PageInstance instance;
        uint32_t cpu;
        int fd;                         /* -1: only spooled pages */
        int stats_fd;                   /* its per_cpu/cpuN/stats, held: read at each watchdog tick; -1 until first read */
        bool armed;                     /* it is in the epoll set */
        bool dry;                       /* empty, as far as this pass goes */
        bool loaded;                    /* an event is under the cursor */
        RingCursor *cursor;
        uint64_t nsec;                  /* of the event under the cursor */
        uint64_t last_nsec;             /* of the one before it; 0: none in this run */
        uint32_t page;                  /* slot under the cursor; RING_NO_PAGE: the private one */
        uint32_t waiting;               /* first of the spooled pages still to come */
        uint32_t waiting_last;
        void *private_page;
        uint64_t overruns, drops;
} Ring;

enum { SPANS_MAX = 256 };

/* One OOM, from its beginning to its end mark. */
typedef struct Span {
        uint64_t begin_nsec, end_nsec;
} Span;

struct Kprobe {
        Tracefs tracefs;
        Layout layout;
        PageStore store, own_store;
        Generation generations[GENERATIONS_MAX];
        uint32_t n_generations;
        Ring *rings;
        uint32_t n_rings, max_rings, n_cpus;
        Page *pages;                    /* by slot */
        uint32_t spare;                 /* a slot taken and not yet read into */
        uint64_t order;
        uint64_t switch_nsec;           /* from here on the current generation saw everything; 0: it is the only one */
        uint64_t drained_nsec;
        uint64_t passed_nsec;           /* of the latest event handed over */
        Span spans[SPANS_MAX];          /* the latest OOMs, in a ring */
        uint32_t n_spans;               /* since the beginning */
        uint64_t lost_until;            /* up to here a kills ring was overrun */
        int dirs[PAGE_INSTANCES];
        int epolls[PAGE_INSTANCES];
        uint64_t ring_bytes[PAGE_INSTANCES];
        bool group_probe, baseline;
        bool stats_fresh;               /* no page was read since overruns and drops were */
        bool keep, full;                /* of this drain: no page gives way; so one stayed in its ring */
        KprobeCounters counters;
        int profile_fd;
        int watched[PAGE_INSTANCES][2 + 2 * 8];         /* descriptors kprobe_check() looks at */
        int switch_fd;                  /* debugfs: whether any kprobe runs; -1 where it cannot be seen */
};

/* Where PageStore.counters are used: which generation they are of, records read by probe, losses told. */
enum {
        COUNTER_GENERATION,
        COUNTER_READ,                                           /* by ProbeKind */
        COUNTER_TOLD = COUNTER_READ + KPROBE_PROBES_MAX,        /* by ProbeKind: losses told */
        COUNTER_TOLD_KILLS = COUNTER_TOLD + KPROBE_PROBES_MAX,
        COUNTER_TOLD_CHURN,
        COUNTER_RELEASED,               /* all handed over up to this time is in finished records */
        COUNTER_SINCE,                  /* from this time on the probes were in place without a break */
};

/* --- rings (kprobe-rings.c) --- */

/* Opens the rings of @g in the instance directories @dirs. 0 or -errno. */
int rings_open(Kprobe *k, Generation *g, const int dirs[PAGE_INSTANCES]);

/* Queues what an earlier run left in the store. 0 or -errno. */
int rings_replay(Kprobe *k);

/* Arms rings whose CPU has come up since. */
void rings_arm(Kprobe *k);

/* Closes all rings; probes and instances stay. */
void rings_close(Kprobe *k);

/* --- pages (kprobe-pages.c) --- */

/* Brings an event under @r's cursor: from waiting pages, then from the kernel; what was overrun is told to @take. Returns 1, 0 when
 * there is none, -errno. */
int ring_fill(Kprobe *k, Ring *r, KprobeTake take, void *userdata);

/* Goes on to the next event; a page that has no more is done. */
void ring_advance(Kprobe *k, Ring *r);

/* --- events (kprobe-events.c) --- */

/* Hands over the event under @r's cursor, completed by what its generation's stream said before, if it is to be. */
void ring_deliver(Kprobe *k, Ring *r, KprobeTake take, void *userdata);

/* --- generations (kprobe-adopt.c) --- */

/* Reads the formats of a generation that is in the kernel, and keeps them with the pages that will need them. 0 or -errno. */
int kprobe_formats_take(Kprobe *k, Generation *g);

/* Opens the rings of other generations, those of the binary before us: they are read like our own until kprobe_retire(). 0 or -errno. */
int kprobe_adopt(Kprobe *k);

/* The old generations are read to the end and nothing in them is open: they go. */
void kprobe_retire(Kprobe *k);

/* Whether our rings were there before: then they went on recording while nobody ran. */
bool kprobe_was_recording(const Kprobe *k);

/* --- counts (kprobe-counters.c) --- */

/* The reads counted in the store are of another generation, or of probes that were read without a store: they begin anew once
 * everything is read, by kprobe_baseline_take(). */
void kprobe_baseline_check(Kprobe *k);
void kprobe_baseline_take(Kprobe *k);

/* --- watching over ourselves (kprobe-check.c) --- */

/* Opens the switch by which an administrator disables all kprobes (debugfs). Returns 0, also where it cannot be seen, or
 * -ESHUTDOWN with the reason when they are disabled. */
int kprobe_switch_open(Kprobe *k, char *reterr_why, size_t why_size);

/* Holds open what kprobe_check() looks at, since a rule that is checked at each kill must not look paths up. */
void kprobe_watch(Kprobe *k);
