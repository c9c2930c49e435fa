/* What happens? The source of facts in use: opened, checked, and replaced when it fails. */
#include "supervisor/flow/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/flow/balance.h"
#include "supervisor/flow/bell.h"
#include "supervisor/flow/exits.h"
#include "supervisor/flow/groups.h"
#include "supervisor/flow/history.h"
#include "supervisor/flow/logtier.h"
#include "supervisor/flow/lookagain.h"
#include "supervisor/flow/ringtier.h"

enum { FAILURES_MAX = 3 };
#define BETTER_WAIT_NSEC UINT64_C(2000000000)
#define LOG_WAIT_NSEC UINT64_C(60000000000)
#define BETTER_WAIT_MAX_NSEC UINT64_C(300000000000)

static int configured_source(const Supervisor *s) {
        return s->options.source >= 0 ? s->options.source : (int) s->config->reeve.source;
}

static void choose(Supervisor *s) {
        int wanted = configured_source(s), r = -ENOENT;

        s->from.tier = REEVE_TIER_LOG;
        s->from.better_wanted = wanted != CONFIG_SOURCE_LOG;
        s->from.better_nsec = 0;
        s->from.better_wait_nsec = BETTER_WAIT_NSEC;
        if (wanted == CONFIG_SOURCE_LOG)
                (void) snprintf(s->from.kprobe_why, sizeof(s->from.kprobe_why), "Source=log asks for the log");
        else {
                r = ringtier_open(s);
                if (r < 0)
                        ringtier_close(s);
        }
        if (r >= 0) {
                s->from.tier = REEVE_TIER_KPROBE;
                s->from.better_wanted = false;
                (void) snprintf(s->from.log_why, sizeof(s->from.log_why), "not needed beside kprobe");
                return;
        }
        if (wanted == CONFIG_SOURCE_KPROBE) {
                s->from.tier = REEVE_TIER_NONE;
                (void) snprintf(s->from.log_why, sizeof(s->from.log_why), "Source=kprobe forbids it");
        } else if (logtier_open(s) < 0)
                lookagain_later(s);
}

/* What is told of a tier: which, and why no better one. */
static void say_tier(Supervisor *s, const char *why) {
        char text[512];

        (void) snprintf(text, sizeof(text), "The source is %s%s%s%s.", reeve_tier_to_string((int) s->from.tier),
                        why[0] ? ": " : "", why, s->from.tier == REEVE_TIER_LOG && !s->from.log ? "; by memory.events alone" : "");
        state_say(s, "tier", text, NULL);
}

static int on_look_again(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        sources_check(userdata);
        return 0;
}

static void replace(Supervisor *s, const char *why) {
        ReeveTier before = s->from.tier;

        ringtier_close(s);
        logtier_close(s);
        choose(s);
        exits_configure(s);
        s->from.degraded = s->from.tier != REEVE_TIER_KPROBE && before == REEVE_TIER_KPROBE;
        say_tier(s, s->from.tier == REEVE_TIER_KPROBE ? why : s->from.kprobe_why);
}

/* Another source is asked for. */
static void change(Supervisor *s, const char *why) {
        ReeveTier before = s->from.tier;

        sources_finish(s);
        balance_settle(s);
        replace(s, why);
        if (before != s->from.tier)
                balance_begin(s);
        groups_follow(s);
}

/* The log goes on until the better source is there. In vain costs the kernel's types read and a probe set: less and less often. */
static void try_better(Supervisor *s) {
        uint64_t now = clock_boottime_nsec();

        if (now < s->from.better_nsec)
                return;
        if (ringtier_open(s) < 0) {
                ringtier_close(s);
                s->from.better_nsec = now + s->from.better_wait_nsec;
                if (s->from.better_wait_nsec < BETTER_WAIT_MAX_NSEC)
                        s->from.better_wait_nsec *= 2;
                return;
        }
        sources_finish(s);
        logtier_close(s);
        s->from.tier = REEVE_TIER_KPROBE;
        s->from.degraded = s->from.better_wanted = false;
        (void) snprintf(s->from.log_why, sizeof(s->from.log_why), "not needed beside kprobe");
        say_tier(s, "it works again");
        balance_begin(s);
        groups_follow(s);
}

/* The log could not be opened, for want of descriptors perhaps. What was killed meanwhile it still has: read back, unless some of
 * it was counted already, by what nobody could hold against its lines. */
static void try_log(Supervisor *s) {
        uint64_t owed, since_nsec = 0;

        if (clock_boottime_nsec() < s->from.log_again_nsec || logtier_open(s) < 0)
                return;
        say_tier(s, "the kernel's log can be read now");
        owed = balance_owed(s, &since_nsec);
        balance_carry(s, owed, since_nsec);
        if (owed > 0 && s->from.log_confirmed == 0)
                history_read_missed(s, since_nsec);
}

/* It is open, and gives nothing but errors. What is left are the cgroups' own counters. */
static void lose_log(Supervisor *s) {
        char why[256];

        (void) snprintf(why, sizeof(why), "the kernel's log cannot be read any more: %s", s->from.log_why);
        state_say(s, "watch_lost", why, NULL);
        logtier_close(s);
        s->from.log_again_nsec = clock_boottime_nsec() + LOG_WAIT_NSEC;
        groups_report(s);
}

void sources_reopen(Supervisor *s) {
        change(s, "asked for by the configuration");
}

/* The present source failed. What the kernel killed unseen its log may tell. */
static void lose_watch(Supervisor *s, const char *why) {
        char reason[300];
        uint64_t owed, since_nsec = 0;

        (void) snprintf(reason, sizeof(reason), "%s", why);
        state_say(s, "watch_lost", reason, NULL);
        sources_finish(s);
        owed = balance_owed(s, &since_nsec);
        s->from.interrupted = true;
        replace(s, reason);
        balance_carry(s, owed, since_nsec);
        if (owed > 0)
                history_read_missed(s, since_nsec);
        groups_follow(s);
}

void sources_check(Supervisor *s) {
        char why[256];

        bell_arm(s);
        if (s->from.kprobe && kprobe_check(s->from.kprobe, why, sizeof(why)) < 0)
                lose_watch(s, why);
        else if (s->from.kprobe && s->from.failures >= FAILURES_MAX)
                lose_watch(s, "the rings cannot be read any more");
        else if (s->from.better_wanted)
                try_better(s);
        if (s->from.log && s->from.failures >= FAILURES_MAX)
                lose_log(s);
        else if (s->from.tier == REEVE_TIER_LOG && !s->from.log)
                try_log(s);
        balance_look(s);
        if (s->from.kprobe && reconcile_take_blind(&s->from.reconciler))
                lose_watch(s, "the kernel killed and ran none of our probes");
}

void sources_open(Supervisor *s) {
        uint64_t accounted = spool_account(s->spool)->accounted;

        lookagain_open(s, on_look_again);
        s->from.vmstat_fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
        choose(s);
        exits_configure(s);
        say_tier(s, s->from.kprobe_why);
        balance_begin_first(s, accounted);
}

void sources_finish(Supervisor *s) {
        if (s->from.kprobe)
                ringtier_drain(s);
        while (s->from.log && logsource_drain(s->from.log) > 0)
                ;
        if (s->from.log)
                (void) logsource_settle(s->from.log, UINT64_MAX);
}

void sources_close(Supervisor *s) {
        sd_event_source **timers[] = { &s->from.churn_timer, &s->from.expire_timer, &s->from.settle_timer, &s->from.retry_timer,
                                       &s->from.again_timer };

        for (size_t i = 0; i < ELEMENTSOF(timers); i++)
                *timers[i] = sd_event_source_disable_unref(*timers[i]);
        exits_close(s);
        ringtier_close(s);
        logtier_close(s);
        if (s->from.vmstat_fd >= 0)
                (void) close(s->from.vmstat_fd);
        s->from.vmstat_fd = -1;
        ringtier_forget(s);
}

void sources_drain(Supervisor *s) {
        if (s->from.kprobe)
                ringtier_drain(s);
        if (s->from.log)
                logtier_drain(s);
        exits_drain(s);
        /* The end of the first walk is not ours to take. */
        if (s->walked)
                groups_take_news(s);
}

uint64_t sources_drained_usec(const Supervisor *s) {
        uint64_t recorded = ringtier_recorded_nsec(s);
        uint64_t read = s->from.kprobe ? kprobe_drained_nsec(s->from.kprobe) : s->from.log ? s->from.log_drained_nsec : 0;

        return (read < recorded ? read : recorded) / 1000;
}
