#include "supervisor/supervisor.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/flow/answers.h"
#include "supervisor/flow/asked.h"
#include "supervisor/flow/changes.h"
#include "supervisor/flow/counters.h"
#include "supervisor/flow/groups.h"
#include "supervisor/flow/history.h"
#include "supervisor/flow/late.h"
#include "supervisor/flow/levers.h"
#include "supervisor/flow/kills.h"
#include "supervisor/flow/pausing.h"
#include "supervisor/flow/captures.h"
#include "supervisor/flow/rules.h"
#include "supervisor/flow/settings.h"
#include "supervisor/flow/signals.h"
#include "supervisor/flow/sources.h"
#include "supervisor/flow/store.h"
#include "supervisor/flow/storms.h"
#include "supervisor/flow/units.h"
#include "supervisor/flow/verdicts.h"
#include "supervisor/host/proc.h"

enum { WATCHDOG_USEC = 120 * 1000 * 1000, STOP_WAIT_USEC = 5 * 1000 * 1000 };

/* -ENODEV is kept for a host without the controller: after that systemd does not start us again. */
static int fail(char *reterr, size_t size, const char *what, int error) {
        (void) snprintf(reterr, size, "%s: %s", what, strerror(-error));
        return error == -ENODEV ? -EIO : error;
}

/* ---- time, signals, watchdog ---- */

/* The wall clock was set: times of records to come are told by it. */
static int on_clock(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        uint64_t expired;

        (void) source, (void) revents;
        (void) !read(fd, &expired, sizeof(expired));     /* ECANCELED */
        store_set_clock(userdata);
        return 0;
}

static int watch_clock(Supervisor *s) {
        struct itimerspec never = { .it_value.tv_sec = INT64_C(1) << 40 };
        int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK), r;

        if (fd < 0)
                return -errno;
        (void) timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
        r = state_io(s, &s->clock_io, fd, EPOLLIN, 0, on_clock);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        return sd_event_source_set_io_fd_own(s->clock_io, true);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) info;
        s->stopping = true;
        (void) sd_notify(0, "STOPPING=1");
        return sd_event_exit(s->event, 0);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        char *text = NULL;

        (void) source, (void) info;
        (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_usec(CLOCK_MONOTONIC));
        if (settings_reload(userdata, &text) > 0)
                sources_reopen(userdata);
        free(text);
        (void) sd_notify(0, "READY=1");
        return 0;
}

/* One timer for the service manager's watchdog and for our own look at the sources: the only wakeup of an idle daemon. */
static int on_watchdog(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void) usec;
        sources_check(s);
        groups_tick(s);
        (void) sd_notify(0, "WATCHDOG=1");
        (void) sd_event_source_set_time_relative(source, s->watchdog_usec);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int watch_self(Supervisor *s) {
        const int signals[] = { SIGTERM, SIGINT, SIGHUP };
        uint64_t asked = 0;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                r = sd_event_add_signal(s->event, &s->sources_of_signals[i], signals[i],
                                        signals[i] == SIGHUP ? on_hangup : on_stop, s);
                if (r < 0)
                        return r;
        }
        /* Two thirds of what is asked, and a fifteenth for the timer's slack: 120 to 132 s of 3 min, between the half and the three
         * quarters after which sd-event's own watchdog wakes. Half of it would be a third more wakes of an idle host. */
        s->watchdog_usec = sd_watchdog_enabled(0, &asked) > 0 && asked > 0 ? asked / 3 * 2 : WATCHDOG_USEC;
        r = sd_event_add_time_relative(s->event, &s->watchdog, CLOCK_BOOTTIME, s->watchdog_usec, s->watchdog_usec / 10,
                                       on_watchdog, s);
        return r < 0 ? r : watch_clock(s);
}

/* ---- what comes in, handed to whom it concerns ---- */

static int on_budgets(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        BudgetsAnswer *answer;

        (void) source, (void) fd, (void) revents;
        while ((answer = budgets_pop(s->budgets))) {
                if (answer->type == BUDGETS_RESULT && settings_record(s, &answer->result) > 0)
                        changes_done(s, answer->cookie, s->emit.text, false);
                else if (answer->type == BUDGETS_LEVER)
                        verdicts_lever(s, answer);
                else if (answer->type == BUDGETS_DONE)
                        changes_done(s, answer->cookie, NULL, true);
                (void) budgets_answer_free(answer);
        }
        return 0;
}

/* Budgets begin when all cgroups are known. */
static void begin_budgets(Supervisor *s) {
        settings_apply(s);
        if (s->budgets && !s->budgets_io)
                (void) state_io(s, &s->budgets_io, budgets_fd(s->budgets), EPOLLIN, 5, on_budgets);
        levers_load(s);
}

static int on_dirwatch(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        bool walked = s->walked;

        (void) source, (void) fd, (void) revents;
        groups_take_news(s);
        if (s->walked && !walked) {
                begin_budgets(s);
                late_pump(s);
                /* Of the start (BTF, the configuration, the walk) nothing is needed any more, and it is locked. */
                (void) malloc_trim(0);
        }
        return 0;
}

static int on_eventswatch(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source, (void) fd, (void) revents;
        counters_drain(userdata);
        return 0;
}

static int on_eyes(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        EyesAnswer *answer;

        (void) source, (void) fd, (void) revents;
        ring_drain_fd(eyes_ring(s->eyes));
        while ((answer = eyes_take(s->eyes))) {
                if (answer->has_owner)
                        tree_fill(s->tree, answer->cgroup_id, answer->owner, /* invocation= */ NULL);
                if (answer->kind == EYES_KILL_DETAILS)
                        kills_details(s, answer);
                else if (answer->kind == EYES_PARTIES && asked_find(s, answer->cookie))
                        answers_parties(s, answer);
                else if (answer->kind == EYES_PARTIES)
                        signals_parties(s, answer);
                else if (answer->kind == EYES_OWNER)
                        groups_owner(s, answer);
                else if (answer->kind == EYES_RIGHT)
                        pausing_right(s, answer);
                else if (answer->kind == EYES_BATCH)
                        rules_batch(s, answer);
                else if (answer->kind != EYES_READ_AHEAD)
                        answers_eyes(s, answer);
                (void) eyes_answer_free(answer);
        }
        if (s->server)
                server_drained(s->server);
        return 0;
}

static int watch_groups(Supervisor *s) {
        int r = state_io(s, &s->eventswatch_io, eventswatch_fd(s->eventswatch), EPOLLIN, 5, on_eventswatch);

        if (r >= 0)
                r = state_io(s, &s->eyes_io, ring_fd(eyes_ring(s->eyes)), EPOLLIN, 5, on_eyes);
        return r;
}

static int walk_groups(Supervisor *s) {
        int r = groups_walk(s);

        return r < 0 ? r : state_io(s, &s->dirwatch_io, ring_fd(dirwatch_ring(s->dirwatch)), EPOLLIN, 3, on_dirwatch);
}

/* The socket that systemd holds for us, -1 without. */
static int activated_socket(void) {
        return sd_listen_fds(1) == 1 ? SD_LISTEN_FDS_START : -1;
}

static int open_server(Supervisor *s) {
        char path[1100];
        const struct group *readers = getgrnam("reeve");
        ServerOptions options = {
                .event = s->event,
                .clerk = s->clerk,
                .activated_fd = activated_socket(),
                .path = path,
                .boot_id = s->boot_id,
                .version = REEVE_VERSION,
                .context = &s->emit.context,
                .reader_gid = readers ? readers->gr_gid : (gid_t) -1,
                .ops = &answers_ops,
                .userdata = s,
        };
        int r;

        (void) snprintf(path, sizeof(path), "%s/reeve.sock", s->options.runtime_directory);
        r = server_new(&s->server, &options);
        s->emit.server = s->server;
        return r;
}

/* ---- the whole ---- */

static void say_started(Supervisor *s) {
        char text[160];

        (void) snprintf(text, sizeof(text), "Reeve %s watches %s by %s%s%s.", REEVE_VERSION, s->config->reeve.watch,
                        reeve_tier_to_string((int) s->from.tier), s->opening.created ? ", with a new ledger" : "",
                        s->mount.read_only ? "; cgroupfs is read-only, no limit can be set" : "");
        state_say(s, "started", text, NULL);
}

int supervisor_init(Supervisor *s, const Options *options, char *reterr, size_t size) {
        int r;

        *s = (Supervisor) { .options = *options, .fs.root_fd = -1, .from.vmstat_fd = -1,
                            .started_nsec = clock_boottime_nsec() };
        s->started_realtime_usec = (int64_t) (s->started_nsec / 1000) + clock_offset_nsec() / 1000;
        if ((r = host_boot_id(s->boot_id)) < 0)
                return fail(reterr, size, "/proc/sys/kernel/random/boot_id", r);
        (void) host_machine_id(s->machine_id);
        host_name(s->hostname, sizeof(s->hostname));
        settings_load(s);
        if (!s->config)
                return fail(reterr, size, "configuration", -ENOMEM);
        r = mounts_find(&s->mount, options->cgroup_root);
        if (r < 0 && r != -ENOTSUP && r != -ENOENT)
                return fail(reterr, size, options->cgroup_root ? options->cgroup_root : "the mount of cgroup v2", r);
        if (r < 0 || !s->mount.memory) {
                mounts_explain(&s->mount, reterr, size);
                return -ENODEV;
        }
        if ((r = cgroupfs_open(&s->fs, s->mount.where)) < 0)
                return fail(reterr, size, s->mount.where, r);
        if ((r = sd_event_default(&s->event)) < 0 || (r = watch_self(s)) < 0)
                return fail(reterr, size, "event loop", r);
        if ((r = store_open(s, reterr, size)) < 0)
                return r;
        if ((r = groups_open(s)) < 0 || (r = watch_groups(s)) < 0)
                return fail(reterr, size, "tree of cgroups", r);
        if ((r = captures_open(s)) < 0 || (r = rules_open(s)) < 0)
                return fail(reterr, size, "rules", r);
        if ((r = store_open_emit(s)) < 0)
                return fail(reterr, size, "records", r);
        if ((r = open_server(s)) < 0)
                return fail(reterr, size, "socket", r);
        sources_open(s);
        if ((r = walk_groups(s)) < 0)
                return fail(reterr, size, "walk over the cgroups", r);
        say_started(s);
        emit_rehearse(&s->emit);
        return 0;
}

int supervisor_run(Supervisor *s) {
        (void) sd_notifyf(0, "READY=1\nSTATUS=Watching by %s%s.", reeve_tier_to_string((int) s->from.tier),
                          s->refused ? "; the configuration was refused, see reevectl status" : "");
        history_read(s);
        return sd_event_loop(s->event);
}

void supervisor_done(Supervisor *s) {
        if (s->clerk && s->stopping) {
                levers_close(s);
                sources_finish(s);
                signals_finish(s);
                state_say(s, "stopped", NULL, NULL);
        }
        if (s->event)
                rules_close(s);
        captures_close(s);
        sources_close(s);
        units_close(s);
        history_done(s);
        signals_done(s);
        late_done(s);
        storms_close(s);
        asked_done(s);
        s->emit.server = s->server = server_free(s->server);
        s->budgets_io = sd_event_source_disable_unref(s->budgets_io);
        s->budgets = budgets_free(s->budgets);
        if (s->event)
                groups_close(s);
        s->clerk_io = sd_event_source_disable_unref(s->clerk_io);
        if (s->clerk)
                s->clerk = clerk_free(s->clerk, STOP_WAIT_USEC);
        if (s->crier)
                s->crier = crier_free(s->crier, STOP_WAIT_USEC / 5);
        /* The spool stays mapped until the process ends: a clerk that hangs in the disk was left behind and reads there. */
        for (size_t i = 0; i < ELEMENTSOF(s->sources_of_signals); i++)
                s->sources_of_signals[i] = sd_event_source_disable_unref(s->sources_of_signals[i]);
        s->watchdog = sd_event_source_disable_unref(s->watchdog);
        s->clock_io = sd_event_source_disable_unref(s->clock_io);
        s->event = sd_event_unref(s->event);
        if (s->fs.root_fd >= 0)
                cgroupfs_close(&s->fs);
        complaints_done(&s->complaints);
        s->config = config_unref(s->config);
}
