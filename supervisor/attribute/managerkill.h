#pragma once
/* Kills by an OOM manager (systemd-oomd, earlyoom ...) or by Reeve: the signals of one decision become one kill. Pure. That
 * a sender is a manager the caller knows, by the sender's cgroup. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/attribute/kill.h"

enum { MANAGERKILL_VICTIMS_MAX = 256, MANAGERKILL_ASKED_MAX = 32 };

typedef struct ManagerkillSink {
        void (*kill)(const Kill *k, void *userdata);    /* Kill lives until the callback returns */
        void *userdata;
} ManagerkillSink;

/* Zeroed at first. */
typedef struct Managerkill {
        bool open;
        uint64_t last_nsec;             /* of the last signal taken in */
        uint64_t decision;              /* whose signals these are */
        Kill kill;
        KillVictim victims[MANAGERKILL_VICTIMS_MAX];
        /* Who was asked to end (SIGTERM) not long ago and has its record: a SIGKILL that follows tells nothing new. */
        struct {
                int32_t pid;
                uint64_t time_nsec;
        } asked[MANAGERKILL_ASKED_MAX];
        size_t next_asked;
        uint64_t kills, repeats;
} Managerkill;

/* Takes one signal (9 or 15) of @who, who is @killer (REEVE_KILLER_OOM_MANAGER or _REEVE). s->cgroup.id is the victim's
 * where known. @decision tells one decision of the sender from the next, where the caller knows (Reeve's own), else 0: signals
 * of one sender and decision that follow each other within 100 ms are one kill. What was not delivered counts for nothing. */
void managerkill_feed(Managerkill *m, const Sigkill *s, ReeveKiller killer, const KillProcess *who, uint64_t decision,
                      const ManagerkillSink *sink);

/* Hands over what is open once 100 ms have passed without another signal; with @now_nsec UINT64_MAX at once. Returns
 * whether something is still open: then call again. */
bool managerkill_settle(Managerkill *m, uint64_t now_nsec, const ManagerkillSink *sink);
