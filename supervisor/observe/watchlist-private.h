#pragma once
/* What the watchlist's files share. */
#include "supervisor/observe/watchlist.h"

/* A cgroup below a match, as the tree has it. */
typedef struct WatchlistBelow {
        WatchlistCgroup *cgroup;
        uint64_t parent_id;
        bool leaf;
} WatchlistBelow;

struct Watchlist {
        Config *config;                 /* NULL before the first */
        ReeveMode mode;
        WatchlistCgroup **slots;        /* by id, open addressing; NULL: free */
        size_t room, n_cgroups;
        WatchlistMatch **matches;
        size_t n, size;
        uint64_t round, refused;
        WatchlistBelow *below;          /* WATCHLIST_CANDIDATES_MAX of them, made at first use */
        size_t n_below;
        JudgeCandidate *candidates;     /* likewise */
};

/* The cgroup with that id, or NULL; made with that name where it is not there (NULL: no memory). */
WatchlistCgroup *watchlist_find(const Watchlist *w, uint64_t id);
WatchlistCgroup *watchlist_get(Watchlist *w, uint64_t id, const char *path);

/* Begins its history; it may be acted on. Returns 0 or -ENOMEM. */
int watchlist_remember(WatchlistCgroup *c);

/* Whether one of @globs matches the whole of @path. */
bool watchlist_matches(const ConfigList *globs, const char *path);

/* Fills w->below: those whom @m's rule might act on, its own cgroup among them, WATCHLIST_CANDIDATES_MAX at most. */
void watchlist_below(Watchlist *w, const Tree *tree, const WatchlistMatch *m);
