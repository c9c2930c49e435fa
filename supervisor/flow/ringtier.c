#include "supervisor/flow/ringtier.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/flow/bell.h"
#include "supervisor/flow/groups.h"
#include "supervisor/flow/intake.h"
#include "supervisor/flow/late.h"
#include "supervisor/flow/lookagain.h"
#include "supervisor/flow/signals.h"
#include "supervisor/flow/storms.h"

enum {
        CHURN_PAUSE_USEC = 50 * 1000,           /* under a user's load churn is read at most 20 times a second */
        EXPIRE_USEC = 1100 * 1000,              /* an OOM without an end mark is closed after a second */
        PRIORITY_KILLS = -10, PRIORITY_CHURN = 20,
        PASSES_MAX = 4,                         /* over the rings at once: a user's flood must not hold the loop */
};

#define CHECK_EVERY_NSEC UINT64_C(100000000)

/* What charges under way add to usage for a moment is 64 pages a CPU: more than that above max was a limit's write. */
static AssembleOptions assemble_options(void) {
        return (AssembleOptions) { .page_size = (uint32_t) sysconf(_SC_PAGESIZE),
                                   .charge_slack_pages = 64 * (uint32_t) sysconf(_SC_NPROCESSORS_CONF) };
}

static void on_kill(const Kill *kill, void *userdata) {
        intake_kill(userdata, kill);
}

/* One by the kernel, outside of any OOM, may be an OOM kill of which the probes said nothing: somebody switched them off, or had
 * done so while the log was read instead. Then it is no sigkill. Users can make the kernel send many (dying pid namespaces). */
static bool is_doubtful(Supervisor *s, const Sigkill *signal) {
        uint64_t now = clock_boottime_nsec();
        char ignored[256];

        if (s->from.heard_log_nsec > 0 && signal->time_nsec >= s->from.heard_log_nsec && signal->time_nsec < s->from.known_nsec)
                return true;
        if (now - s->from.checked_nsec >= CHECK_EVERY_NSEC) {
                s->from.checked_nsec = now;
                s->from.checked_bad = kprobe_check(s->from.kprobe, ignored, sizeof(ignored)) < 0;
        }
        return s->from.checked_bad;
}

static void on_sigkill(const Sigkill *signal, void *userdata) {
        if (signal->means == REEVE_MEANS_KERNEL) {
                lookagain_later(userdata);
                if (is_doubtful(userdata, signal))
                        return;
        }
        signals_take(userdata, signal);
}

static void on_evidence(const Evidence *evidence, void *userdata) {
        Supervisor *s = userdata;
        AssembleSink sink = { .kill = on_kill, .sigkill = on_sigkill, .userdata = s };

        if (evidence->kind == EVIDENCE_MKDIR)
                groups_born(s, &evidence->churn);
        else if (evidence->kind == EVIDENCE_RMDIR)
                groups_died(s, evidence->churn.id, evidence->churn.path_cut ? NULL : evidence->churn.path);
        else
                assemble_feed(s->from.assembler, evidence, &sink);
}

uint64_t ringtier_recorded_nsec(const Supervisor *s) {
        uint64_t open = s->from.assembler ? assemble_oldest(s->from.assembler) : UINT64_MAX;
        const uint64_t waits[] = { late_releasable_nsec(s), storms_releasable_nsec(s), signals_releasable_nsec(s, clock_boottime_nsec()) };
        uint64_t upto = open == UINT64_MAX ? UINT64_MAX : open - 1;

        for (size_t i = 0; i < ELEMENTSOF(waits); i++)
                if (waits[i] < upto)
                        upto = waits[i];
        return upto;
}

static int on_expire(sd_event_source *source, uint64_t usec, void *userdata);
static int on_again(sd_event_source *source, uint64_t usec, void *userdata);

void ringtier_drain(Supervisor *s) {
        uint64_t kills = assemble_stats(s->from.assembler)->attempts;
        int r = 1;

        for (int pass = 0; pass < PASSES_MAX && r > 0; pass++) {
                /* While the evidence of kills not recorded yet fills the spool, the rings keep what comes: they outlive us too. */
                bool waits = late_releasable_nsec(s) != UINT64_MAX;

                r = kprobe_drain(s->from.kprobe, waits, on_evidence, s);
                kprobe_release(s->from.kprobe, ringtier_recorded_nsec(s));
                if (r > 0 && waits)
                        late_hurry(s);
        }
        if (r > 0)
                state_timer(s, &s->from.again_timer, CHURN_PAUSE_USEC, on_again);
        s->from.failures = r < 0 ? s->from.failures + 1 : 0;
        if (assemble_oldest(s->from.assembler) != UINT64_MAX)
                state_timer(s, &s->from.expire_timer, EXPIRE_USEC, on_expire);
        if (assemble_stats(s->from.assembler)->attempts != kills)
                lookagain_later(s);
        if (r < 0)
                lookagain_now(s);
        if (s->server)
                server_drained(s->server);
}

/* Events that came while the last pass was on its way. */
static int on_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) usec;
        if (s->from.kprobe)
                ringtier_drain(s);
        return 0;
}

static int on_expire(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        AssembleSink sink = { .kill = on_kill, .sigkill = on_sigkill, .userdata = s };

        (void) source, (void) usec;
        if (!s->from.kprobe)
                return 0;
        assemble_expire(s->from.assembler, clock_boottime_nsec(), &sink);
        ringtier_drain(s);
        return 0;
}

static int on_kills(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source, (void) fd, (void) revents;
        ringtier_drain(userdata);
        return 0;
}

static int on_churn_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) usec;
        if (s->from.churn_io)
                (void) sd_event_source_set_enabled(s->from.churn_io, SD_EVENT_ONESHOT);
        return 0;
}

static int on_churn(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) fd, (void) revents;
        ringtier_drain(s);
        state_timer(s, &s->from.churn_timer, CHURN_PAUSE_USEC, on_churn_again);
        return 0;
}

static int assembler_open(Sources *from) {
        AssembleOptions options = assemble_options();
        size_t size = assemble_size(&options);

        if (from->assembler)
                return 0;
        from->assembler_memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (from->assembler_memory == MAP_FAILED)
                return -ENOMEM;
        from->assembler = assemble_init(from->assembler_memory, &options);
        return 0;
}

int ringtier_open(Supervisor *s) {
        KprobeOptions options = {
                .state_directory = s->options.state_directory,
                .cgroup_root = s->fs.root,
                .kills_ring_bytes = s->config->reeve.kills_ring_bytes,
                .churn_ring_bytes = s->config->reeve.churn_ring_bytes,
                .pages = spool_pages(s->spool),
                .interrupted = s->from.interrupted,
        };
        int r = assembler_open(&s->from);

        if (r < 0)
                return r;
        r = kprobe_open(&s->from.kprobe, &options, s->from.kprobe_why, sizeof(s->from.kprobe_why));
        if (r < 0)
                return r;
        s->from.kprobe_why[0] = '\0';
        s->from.interrupted = false;
        /* What an earlier opening left in pages and rings is fed from its beginning. */
        assemble_forget(s->from.assembler);
        s->from.known_nsec = clock_boottime_nsec();
        s->from.failures = 0;
        r = state_io(s, &s->from.kills_io, kprobe_kills_fd(s->from.kprobe), EPOLLIN, PRIORITY_KILLS, on_kills);
        if (r >= 0)
                r = state_io(s, &s->from.churn_io, kprobe_churn_fd(s->from.kprobe), EPOLLIN, PRIORITY_CHURN, on_churn);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->from.churn_io, SD_EVENT_ONESHOT);
        if (r >= 0)
                bell_open(s);
        return r;
}

void ringtier_close(Supervisor *s) {
        s->from.kills_io = sd_event_source_disable_unref(s->from.kills_io);
        s->from.churn_io = sd_event_source_disable_unref(s->from.churn_io);
        bell_close(s);
        s->from.kprobe = kprobe_close(s->from.kprobe);
        s->from.known_nsec = 0;
}

void ringtier_forget(Supervisor *s) {
        AssembleOptions options = assemble_options();

        if (s->from.assembler)
                (void) munmap(s->from.assembler_memory, assemble_size(&options));
        s->from.assembler = NULL;
}
