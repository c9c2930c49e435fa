#pragma once
/* What the watchlist's files share. */
#include "supervisor/base/idmap.h"
#include "supervisor/observe/watchlist.h"

/* The longest between two looks; how far back one looks to see whether anything is near. */
enum { WATCHLIST_FAR_USEC = 2000000 };

/* A cgroup below a match, as the tree has it. */
typedef struct WatchlistBelow {
        WatchlistCgroup *cgroup;
        uint64_t parent_id;
        bool leaf;
} WatchlistBelow;

/* The rules that match a cgroup; one for all cgroups that the same rules match. */
typedef struct WatchlistRules {
        uint64_t reach_usec;            /* how far back the farthest of them looks */
        bool guarded;                   /* ... and that a trigger would tell */
        bool heralded;                  /* none can come to hold without a stall or an event */
        bool of_host;                   /* some ask for the host's memory */
        unsigned limit_files;           /* by which limits they measure; LIMITWATCH_* */
        bool host_short;                /* ... and as for that, one of them holds */
        size_t n;
        const RuleSection *rules[];
} WatchlistRules;

/* An ancestor by which it is known whether those below it need a look. */
typedef struct WatchlistGauge {
        uint64_t id;
        uint64_t above_id;              /* the next gauge above; 0: none */
        bool watched;                   /* its memory.events are */
        uint8_t guard;                  /* WatchlistGuard */
        bool known;                     /* @at is */
        bool moved;                     /* more than is accounted for: all that are quiet below are owed a look */
        BatchTally at;                  /* as last read */
        int64_t drift_bytes, drift_events;      /* what moved and nobody accounted for, since the last time all were owed */
        int64_t quantum_bytes;          /* so much may */
        uint64_t still_usec;            /* nothing had moved then */
        uint64_t owed_usec;             /* when all were owed a look the last time */
        uint64_t interval_usec;         /* the least of those of the quiet ones */
        BatchTally parts;               /* of this round: what the accounted for moved */
} WatchlistGauge;

/* Where more lie below a match than are looked at: what each holds, by which those are chosen who are. */
typedef struct WatchlistSurveyed {
        uint64_t id;
        uint64_t time_usec;             /* 0: not asked yet */
        int64_t current, grown;         /* bytes; since the time before */
} WatchlistSurveyed;

typedef struct WatchlistSurvey {
        uint64_t match_id;              /* below which; 0: none */
        WatchlistSurveyed *items;
        size_t n, size;
        Idmap by_id, parents;           /* parents: of whom has any, to tell the leaves */
        size_t next;                    /* whose turn it is to be asked */
        unsigned least;                 /* the grade from which on they are chosen */
} WatchlistSurvey;

struct Watchlist {
        Config *config;                 /* NULL before the first */
        ReeveMode mode;
        WatchlistCgroup **slots;        /* by id, open addressing; NULL: free */
        size_t room, n_cgroups;
        WatchlistMatch **matches;
        size_t n, size;
        WatchlistCgroup **attended;     /* looked at by themselves: hot, unknown or without a gauge */
        size_t n_attended, attended_size;
        WatchlistRules **rules;         /* each set of rules that matches something */
        size_t n_rules, rules_size;
        Idmap rules_by_hash;
        const RuleSection **scratch;    /* as many as there are rules */
        const char *comms[COMMS_MAX];   /* texts of the configuration's */
        size_t n_comms;
        size_t pairs;
        WatchlistGauge *gauges;
        size_t n_gauges, gauges_size;
        bool gauges_due;                /* cgroups came or went */
        bool measure_due;               /* what is known of the quiet ones changed */
        uint64_t gauged_usec, measured_usec;
        bool heralds_due;               /* some may not be watched yet */
        size_t n_owed;                  /* how many of the quiet ones are */
        bool behind;                    /* more are due than a round takes */
        size_t turn;                    /* whose turn it is to be read whole though nothing moved */
        uint64_t turned_usec;
        HostReading host;               /* of the last round */
        uint64_t round, near, refused, unmarked;
        Idmap written;                  /* cgroups whose limits were written to since the last round; */
        bool all_written;               /* perhaps those of any */
        WatchlistSurvey survey;
        WatchlistBelow *below;          /* WATCHLIST_CANDIDATES_MAX of them, made at first use */
        size_t n_below;
        JudgeCandidate *candidates;     /* likewise */
};

/* The cgroup with that id, or NULL; made with that name where it is not there (NULL: no memory). */
WatchlistCgroup *watchlist_find(const Watchlist *w, uint64_t id);
WatchlistCgroup *watchlist_get(Watchlist *w, uint64_t id, const char *path);

/* One of them, or all, is no more. */
void watchlist_forget(Watchlist *w, WatchlistCgroup *c);
void watchlist_forget_all(Watchlist *w);

/* Begins its history; it may be acted on. Returns 0 or -ENOMEM. */
int watchlist_remember(WatchlistCgroup *c);

/* Whether one of @globs matches the whole of @path. */
bool watchlist_matches(const ConfigList *globs, const char *path);

/* ---- rules ---- */

/* The rules that match @path, shared; NULL: none, or no memory (counted). */
const WatchlistRules *watchlist_rules_of(Watchlist *w, const char *path);
void watchlist_rules_clear(Watchlist *w);

/* How far back its conditions look; microseconds. */
uint64_t watchlist_reach(const RuleSection *rule);

/* How far back the ring of a match reaches beside its tracks. */
uint64_t watchlist_ring_reach(const RuleSection *rule);

/* The tracks that measure what the ring does not, field and reach alone, into @ret (NULL: only counted). Returns how many. */
size_t watchlist_tracks(const RuleSection *rule, ObservationTrack *ret);

/* Whether @rule, or one of @c's rules, could hold though nothing moves in it. */
bool watchlist_may_hold(const Watchlist *w, const WatchlistCgroup *c, const RuleSection *rule);
bool watchlist_any_may_hold(const Watchlist *w, const WatchlistCgroup *c);

/* Notes for which rules the host is short. Returns whether it became so for one. */
bool watchlist_host_shorter(Watchlist *w, const HostReading *host);

/* Puts all rules of @c on the list of matches, with its last reading where it is known. */
void watchlist_wake(Watchlist *w, WatchlistCgroup *c);
/* Takes those of @c off it; and of all for whom nothing holds them there, at @now_usec. */
void watchlist_drop(Watchlist *w, WatchlistCgroup *c);
void watchlist_lull(Watchlist *w, uint64_t now_usec);

/* On or off the list of those who are looked at by themselves, as it stands with @c. */
void watchlist_attend(Watchlist *w, WatchlistCgroup *c);

/* Microseconds between two looks at @c, by what it may still use. w->near must be of now: watchlist_mark(). */
uint64_t watchlist_interval_of(const Watchlist *w, const WatchlistCgroup *c);
void watchlist_mark(Watchlist *w);

/* Owes a whole look to whom it concerns that limits were written to. */
void watchlist_limits_plan(Watchlist *w, const Tree *tree);

/* Lists in *@b whom to guard. Returns 0 or -ENOMEM. */
int watchlist_guards_plan(Watchlist *w, const Tree *tree, Batch *b);

/* ---- gauges ---- */

/* Finds gauges anew where cgroups came or went, and what they may let pass. */
void watchlist_gauges_find(Watchlist *w, const Tree *tree, uint64_t now_usec);
WatchlistGauge *watchlist_gauge(const Watchlist *w, uint64_t id);

/* Lists in *@b what they and those accounted for are to be asked. Returns 0 or -ENOMEM. */
int watchlist_gauges_plan(Watchlist *w, const Tree *tree, Batch *b);
void watchlist_gauges_take(Watchlist *w, const Batch *b);
void watchlist_gauges_clear(Watchlist *w);

/* ---- very many ---- */

/* Lists the leaves among @m's candidates and chooses those worth a look. Returns whether there are more than
 * WATCHLIST_CANDIDATES_MAX: else all are. */
bool watchlist_survey(Watchlist *w, const Tree *tree, const WatchlistMatch *m);
bool watchlist_survey_chose(const Watchlist *w, uint64_t id);

/* Lists in *@b whom to ask next. Returns 0 or -ENOMEM. */
int watchlist_survey_plan(Watchlist *w, const Tree *tree, Batch *b);
void watchlist_survey_take(Watchlist *w, const BatchTally *t);
void watchlist_survey_clear(Watchlist *w);

/* Whether @id is one whom @m's rule may act on, or holds such. */
bool watchlist_is_below(const Tree *tree, const WatchlistMatch *m, uint64_t id);

/* Fills w->below: those whom @m's rule might act on, its own cgroup among them, WATCHLIST_CANDIDATES_MAX at most. */
void watchlist_below(Watchlist *w, const Tree *tree, const WatchlistMatch *m);
