#pragma once
/* Watchlist: the cgroups that enabled rules look at, with what was seen of each, and how each rule stands on each. Empty
 * while no rule matches anything: then nobody looks and nothing wakes. Of those that are matched most are quiet: nothing moves in
 * them, and they are not read at all while the cgroup above them (their gauge) tells that nothing moved that is not accounted for.
 * Event thread only. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/judge.h"
#include "supervisor/observe/batch.h"
#include "supervisor/text/config.h"
#include "supervisor/tree/tree.h"

enum { WATCHLIST_RING = 32, WATCHLIST_CANDIDATES_MAX = 1024, WATCHLIST_MATCHES_MAX = 4096 };

struct WatchlistRules;

/* Whether the kernel tells of stalls there. */
typedef enum WatchlistGuard { WATCHLIST_NOT_ASKED, WATCHLIST_GUARD_ASKED, WATCHLIST_GUARDED, WATCHLIST_UNGUARDED } WatchlistGuard;

/* A cgroup that is looked at: matched by a rule, or near one that is, or both. */
typedef struct WatchlistCgroup {
        uint64_t id;
        char *path;                     /* raw bytes */
        Observation seen;               /* as far back as ranking looks; */
        Reading *ring;                  /* NULL before it may be acted on */
        double points;                  /* the highest of its processes; -1: not known */
        bool known, populated, oom_group;
        uint8_t marks;                  /* as of the batch's item, like the next */
        uint32_t owner;
        uint64_t bound_id;
        bool hot;                       /* it moved lately, or a rule may be about to hold */
        bool owed;                      /* something moved beside it, and it may have been this one: a look is due */
        bool watched, heralded;         /* its memory.events are; they told of something since the last look */
        uint32_t comms;                 /* which names that rules ask for were found in it; 0: nobody looked */
        Reading last;                   /* where known */
        uint64_t full_usec;             /* when all of it was read, limits too */
        uint64_t ended_usec;            /* somebody in it was ended: what was read before does not tell who is left */
        uint64_t stirred_usec;          /* when it moved last */
        const struct WatchlistRules *rules;     /* those that match it; NULL: none */
        unsigned matches;               /* of these on the list of matches; 0: it sleeps */
        uint8_t comms_wanted;           /* BatchComms, while a round is planned */
        uint8_t guard;                  /* WatchlistGuard */
        bool marked;                    /* its limits and those above it are, or could not be */
        size_t gauge;                   /* that of its gauge, from 1; 0: it is looked at by itself */
        size_t attended;                /* its place among those who are looked at by themselves, from 1; 0: it is not */
        BatchTally at;                  /* as of its gauge's last tally */
        uint64_t round, below_round;    /* the last in which it was read; in which what lies below it was */
        uint64_t near, kept, eager;     /* the last mark at which a rule was near; had begun something; could, as all stands */
} WatchlistCgroup;

/* A rule on a cgroup that it matches, while something moves there. */
typedef struct WatchlistMatch {
        const RuleSection *rule;
        WatchlistCgroup *cgroup;
        JudgeState judge;
        Observation seen;               /* as far back as the rule looks: each window by its own track */
        bool twice;                     /* the conditions held at the last look: once more, then act */
        uint64_t task;                  /* what is being done for it; 0: nothing */
        ObservationTrack tracks[];      /* and behind them the ring */
} WatchlistMatch;

typedef struct Watchlist Watchlist;

/* Makes an empty one. Returns 0 or -ENOMEM. */
int watchlist_new(Watchlist **ret);
Watchlist *watchlist_free(Watchlist *w);

/* Rules of @config (a reference is taken; NULL: none) from now on, as @mode has it; all cgroups are forgotten and must be
 * reported again. */
void watchlist_configure(Watchlist *w, Config *config, ReeveMode mode);

/* The configuration and mode that rule, NULL before the first. */
const Config *watchlist_config(const Watchlist *w);
ReeveMode watchlist_mode(const Watchlist *w);

/* A cgroup is there. Returns whether a rule matches it that did not before. */
bool watchlist_born(Watchlist *w, uint64_t id, const char *path);
void watchlist_died(Watchlist *w, uint64_t id);

/* Matches that were not taken on, for WATCHLIST_MATCHES_MAX or want of memory. */
uint64_t watchlist_refused(const Watchlist *w);

/* How many cgroups are matched, each counted once for each rule; most of them sleep. */
size_t watchlist_pairs(const Watchlist *w);

/* How many matches are awake; the @index-th, ordered by cgroup id and then rule. A match lives until nothing has moved in its cgroup for as long as its rule looks
 * back, its cgroup dies, or the next watchlist_configure(). */
size_t watchlist_count(const Watchlist *w);
WatchlistMatch *watchlist_match(Watchlist *w, size_t index);

/* Index of the first match on a cgroup with that id or a higher one. */
size_t watchlist_place(const Watchlist *w, uint64_t id);

/* The incident that what happened in cgroup @id at @usec belongs to: one that was open then on it or on a cgroup above it; of several
 * the nearest's, of one cgroup's the first that began. 0: none, or @id is not known. */
uint64_t watchlist_incident(const Watchlist *w, const Tree *tree, uint64_t id, uint64_t usec);

/* Whether what happens there may concern @m's rule soon. */
bool watchlist_near(const WatchlistMatch *m);

/* Whether a rule is near there or has begun something, as of the last round or plan. */
bool watchlist_kept(const Watchlist *w, const WatchlistCgroup *c);

/* What is known of the cgroup with that id; NULL: nothing. Until the next call that changes the watchlist. */
const WatchlistCgroup *watchlist_cgroup(const Watchlist *w, uint64_t id);

/* A step of a round over all cgroups, in no order: 0 begins; returns the next position or 0 at the end. */
size_t watchlist_next(const Watchlist *w, size_t position, const WatchlistCgroup **ret);

/* The names that rules ask for in cgroups: the bits of WatchlistCgroup.comms. Returns how many; the watchlist's, until the next
 * watchlist_configure(). */
size_t watchlist_comms(const Watchlist *w, const char *const **ret);

/* For replay. Of the cgroup last->id, made with that name where it is not there: what was last seen (and hot, stirred_usec), and
 * whether its history is kept (@remembered); with @sleep its rules do. Then, oldest first, what was seen before. Each returns false
 * without memory. */
bool watchlist_restore(Watchlist *w, const WatchlistCgroup *last, const char *path, bool remembered, bool sleep);
bool watchlist_restore_before(Watchlist *w, uint64_t id, const Reading *reading);

/* Puts the rules of that cgroup (0: of all) to sleep: what it does is not known any more. */
void watchlist_sleep(Watchlist *w, uint64_t id);

/* The match of @rule's name on that cgroup, or NULL. */
WatchlistMatch *watchlist_named(Watchlist *w, uint64_t id, const char *rule);

/* Somebody in @id was ended, or was found to be gone: it and all below it are read whole at the next look. */
void watchlist_ended(Watchlist *w, uint64_t id, uint64_t now_usec);

/* Wakes the rules of a cgroup, so that it can be said how they stand on it; ids not on the list are ignored. */
void watchlist_rouse(Watchlist *w, uint64_t id);

/* Likewise of all that @id lies in, and of @most others at most whose rules name it, or what it lies in, among their Candidates=. */
void watchlist_rouse_over(Watchlist *w, const Tree *tree, uint64_t id, size_t most);

/* Whom @m's rule would choose if it chose @id: @id itself, or what it is a part of. 0: it is no candidate. */
uint64_t watchlist_candidate(const Tree *tree, const WatchlistMatch *m, uint64_t id);

/* What shelters candidate @id from @m's rule, as far as it is known. *@ret_never: by which glob, or NULL. */
JudgeShelter watchlist_shelter(const Watchlist *w, const Tree *tree, const WatchlistMatch *m, const JudgeEverywhere *everywhere,
                               uint64_t id, const char **ret_never);

/* A cgroup whose memory.events (those of all below it) are to be watched from now on, since rules wait for what they tell; 0: no
 * other. watchlist_herald() when they do; it returns whether that concerns a rule: then the next look is due. *@ret_many: it is a gauge,
 * and any of those below may have been it. */
uint64_t watchlist_next_herald(Watchlist *w);
bool watchlist_herald(Watchlist *w, uint64_t id, bool *ret_many);

/* Somebody wrote to the limits of @id (0: of any): whom that concerns, it and those below it, is read whole in the next round. */
void watchlist_limits(Watchlist *w, uint64_t id);

/* How many cgroups' limits could not be marked, for want of watches: changes there are seen late. */
uint64_t watchlist_unmarked(const Watchlist *w);

/* Lists in *@b what to read now, at b->began_usec: who moved lately, what lies below where something is near, and whoever may have
 * moved. Returns 0 or -ENOMEM. */
int watchlist_plan(Watchlist *w, const Tree *tree, Batch *b);

/* Takes in what was read. */
void watchlist_take(Watchlist *w, const Batch *b);

/* A guard that a round asked for is there, or cannot be. */
void watchlist_guarded(Watchlist *w, uint64_t id, bool there);

/* Whether nobody need look before the kernel tells of something: nothing moves, and all that rules wait for is guarded. */
bool watchlist_calm(const Watchlist *w);

/* Microseconds until the next look, by the least headroom: 200 ms where something is near, 2 s where all is far. */
uint64_t watchlist_interval(Watchlist *w, const HostReading *host);

/* Those whom the rule may act on, ranked, in memory of the watchlist's until the next call. *@ret_open may be chosen. */
JudgeCandidate *watchlist_candidates(Watchlist *w, const Tree *tree, const WatchlistMatch *m, const JudgeEverywhere *everywhere,
                                     size_t *ret_n, size_t *ret_open);
