#pragma once
/* Rings of one or more generations, merged by time: the reading half of the kprobe source. Private to host/kprobe*.c. */
#include "supervisor/host/generation.h"
#include "supervisor/host/kprobe.h"
#include "supervisor/host/ringpage.h"

enum { GENERATIONS_MAX = 4 };
enum { RING_NO_PAGE = UINT32_MAX };

/* The OOM that is open in one generation's stream; oom_lock admits one at a time. */
typedef struct OpenOom {
        bool open, taken;               /* taken: handed over; else this OOM is the other generation's */
        bool seen_any;
        bool lossy;                     /* a ring was overrun meanwhile */
        int32_t pid;
        uint32_t victims;
        uint64_t group_id, domain_id;
        bool check_domain;
        int32_t chosen_pid;
} OpenOom;

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
};

/* Opens the rings of @g in the instance directories @dirs. 0 or -errno. */
int rings_open(Kprobe *k, Generation *g, const int dirs[PAGE_INSTANCES]);

/* Queues what an earlier run left in the store. 0 or -errno. */
int rings_replay(Kprobe *k);

/* Arms rings whose CPU has come up since. */
void rings_arm(Kprobe *k);

/* One pass: everything up to @now_nsec in order of time. Returns 0, 1 when later events are known, -errno. */
int rings_pass(Kprobe *k, uint64_t now_nsec, KprobeTake take, void *userdata);

/* Closes all rings; probes and instances stay. */
void rings_close(Kprobe *k);

/* CLOCK_BOOTTIME now. */
uint64_t boottime_nsec(void);

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
