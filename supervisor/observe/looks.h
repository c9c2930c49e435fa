#pragma once
/* What an eye does for each kind of request. May stall; runs on an eye's thread. */
#include "supervisor/host/cgroupfs.h"
#include "supervisor/observe/ahead.h"
#include "supervisor/observe/eyes.h"

/* A look under way. */
typedef struct Looking {
        const Cgroupfs *fs;
        Ahead *ahead;
        bool command_lines;
} Looking;

/* Fills the answer's fields; @a->kind, cookie and cgroup_id stand already. */
void look_after_kill(const Looking *l, const EyesRequest *r, EyesAnswer *a);
void look_ahead(const Looking *l, const EyesRequest *r, EyesAnswer *a);
void look_owner(const Looking *l, const EyesRequest *r, EyesAnswer *a);
void look_right(const Looking *l, const EyesRequest *r, EyesAnswer *a);
void look_status(const Looking *l, const EyesRequest *r, EyesAnswer *a);
void look_at_parties(const Looking *l, const EyesRequest *r, EyesAnswer *a);

/* Who ran as thread @tid at the boot time @nsec. Returns false where it is gone, or cannot be told from who got its number since. */
bool look_at_who_was(const Looking *l, int32_t tid, uint64_t nsec, EyesParty *ret);
void look_nearest(const Looking *l, const EyesRequest *r, EyesAnswer *a);
