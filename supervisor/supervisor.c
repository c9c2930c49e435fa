#include "supervisor/supervisor.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"

enum { WATCHDOG_USEC = 90 * 1000 * 1000, STOP_WAIT_USEC = 5 * 1000 * 1000 };

static int fail(char *reterr, size_t size, const char *what, int error) {
        (void) snprintf(reterr, size, "%s: %s", what, strerror(-error));
        return error;
}

int supervisor_io(Supervisor *s, sd_event_source **ret, int fd, uint32_t events, int64_t priority,
                  sd_event_io_handler_t handler) {
        int r = sd_event_add_io(s->event, ret, fd, events, handler, s);

        return r < 0 ? r : sd_event_source_set_priority(*ret, priority);
}

void supervisor_timer(Supervisor *s, sd_event_source **timer, uint64_t usec, sd_event_time_handler_t handler) {
        int enabled = SD_EVENT_OFF;

        if (!*timer) {
                (void) sd_event_add_time_relative(s->event, timer, CLOCK_BOOTTIME, usec, /* accuracy= */ 1000, handler, s);
                return;
        }
        /* One that is armed already stays as it is: a stream of events must not push it before itself for ever. */
        (void) sd_event_source_get_enabled(*timer, &enabled);
        if (enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time_relative(*timer, usec);
        (void) sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
}

static int write_supervisor(Strbuf *out, const RecordContext *context, const void *what) {
        return record_supervisor(out, context, what);
}

void supervisor_say(Supervisor *s, const char *event, const char *text, const char *details) {
        RecordSupervisor record = { .time_nsec = clock_boottime_nsec(), .event = event, .tier = s->from.tier, .text = text,
                                    .details = details };
        EmitHead head = { .type = REEVE_RECORD_SUPERVISOR, .time_nsec = record.time_nsec,
                          .owner_uid = RECORD_OWNER_UNKNOWN };

        (void) emit_record(&s->emit, &head, write_supervisor, &record);
}

/* ---- time, signals, watchdog ---- */

static void set_clock(Supervisor *s) {
        s->emit.context.realtime_offset_usec = clock_offset_nsec() / 1000;
}

/* The wall clock was set: times of records to come are told by it. */
static int on_clock(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        uint64_t expired;

        (void) source, (void) revents;
        (void) !read(fd, &expired, sizeof(expired));     /* ECANCELED */
        set_clock(userdata);
        return 0;
}

static int watch_clock(Supervisor *s) {
        struct itimerspec never = { .it_value.tv_sec = INT64_C(1) << 40 };
        int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK), r;

        if (fd < 0)
                return -errno;
        (void) timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
        r = supervisor_io(s, &s->clock_io, fd, EPOLLIN, 0, on_clock);
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
        struct timespec now;
        char *text = NULL;

        (void) source, (void) info;
        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                          (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000);
        (void) settings_reload(userdata, &text);
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
        s->watchdog_usec = sd_watchdog_enabled(0, &asked) > 0 && asked > 0 ? asked / 2 : WATCHDOG_USEC;
        r = sd_event_add_time_relative(s->event, &s->watchdog, CLOCK_BOOTTIME, s->watchdog_usec, s->watchdog_usec / 10,
                                       on_watchdog, s);
        return r < 0 ? r : watch_clock(s);
}

/* ---- the store ---- */

static int on_clerk(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source, (void) fd, (void) revents;
        clerk_dispatch(((Supervisor *) userdata)->clerk);
        return 0;
}

static void on_committed(uint64_t seq, void *userdata) {
        Supervisor *s = userdata;

        emit_committed(&s->emit, seq);
        if (s->server)
                server_committed(s->server, seq);
}

static void on_trouble(const char *text, bool over, void *userdata) {
        Supervisor *s = userdata;

        if (s->crier)
                (void) crier_say(s->crier, over ? 5 : 3, text);
        (void) sd_notifyf(0, "STATUS=%s%s", over ? "" : "Records wait in the spool: ", text);
}

static int open_store(Supervisor *s, char *reterr, size_t size) {
        SpoolOptions spool = { .boot_id = s->boot_id, .record_bytes = 4 << 20 };
        char path[1100], note[256] = "", text[512] = "";
        ClerkOptions clerk = {
                .path = path,
                .bounds = { .retention_usec = s->config->reeve.max_retention_usec,
                            .max_bytes = s->config->reeve.max_use_bytes,
                            .keep_records = s->config->reeve.keep_records,
                            .keep_sigkills = s->config->reeve.keep_sigkills },
                .committed = on_committed,
                .trouble = on_trouble,
                .userdata = s,
        };
        int r;

        (void) snprintf(path, sizeof(path), "%s/spool", s->options.runtime_directory);
        r = spool_open(&s->spool, path, &spool, note, sizeof(note));
        if (r < 0)
                return fail(reterr, size, path, r);
        clerk.seq_floor = spool_last_seq(s->spool);
        (void) snprintf(path, sizeof(path), "%s/ledger.db", s->options.state_directory);
        r = clerk_new(&s->clerk, &clerk, &s->opening, text, sizeof(text));
        if (r < 0)
                return fail(reterr, size, path, r);
        (void) crier_new(&s->crier, &(CrierOptions) { 0 });
        if (s->crier && note[0])
                (void) crier_say(s->crier, 5, note);
        if (s->crier && text[0])
                (void) crier_say(s->crier, 4, text);
        return supervisor_io(s, &s->clerk_io, clerk_fd(s->clerk), EPOLLIN, 5, on_clerk);
}

static int open_emit(Supervisor *s) {
        int r = emit_init(&s->emit);

        if (r < 0)
                return r;
        s->emit.spool = s->spool;
        s->emit.clerk = s->clerk;
        s->emit.crier = s->crier;
        s->emit.context = (RecordContext) {
                .boot_id = s->boot_id,
                .machine_id = s->machine_id[0] ? s->machine_id : NULL,
                .hostname = s->hostname,
                .ledger_id = clerk_ledger_id(s->clerk),
                .configuration_hash = s->config->hash,
                .command_line = s->config->reeve.record_command_line,
                .sources = { .path = groups_path, .identity = groups_identity, .owner_uid = groups_owner_uid,
                             .process = groups_process, .userdata = s },
        };
        set_clock(s);
        emit_replay(&s->emit);
        return 0;
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

        (void) snprintf(text, sizeof(text), "Reeve %s watches %s by %s%s.", REEVE_VERSION, s->config->reeve.watch,
                        reeve_tier_to_string((int) s->from.tier),
                        s->opening.created ? ", with a new ledger" : "");
        supervisor_say(s, "started", text, NULL);
}

int supervisor_init(Supervisor *s, const Options *options, char *reterr, size_t size) {
        int r;

        *s = (Supervisor) { .options = *options, .fs.root_fd = -1, .from.vmstat_fd = -1,
                            .started_nsec = clock_boottime_nsec() };
        s->started_realtime_usec = (int64_t) (s->started_nsec / 1000) + clock_offset_nsec() / 1000;
        if (host_boot_id(s->boot_id) < 0)
                return fail(reterr, size, "/proc/sys/kernel/random/boot_id", -ENOENT);
        (void) host_machine_id(s->machine_id);
        host_name(s->hostname, sizeof(s->hostname));
        settings_load(s);
        if (!s->config)
                return fail(reterr, size, "configuration", -ENOMEM);
        r = mounts_find(&s->mount, options->cgroup_root);
        if (r < 0 || !s->mount.memory) {
                mounts_explain(&s->mount, reterr, size);
                return -ENODEV;
        }
        if ((r = cgroupfs_open(&s->fs, s->mount.where)) < 0)
                return fail(reterr, size, s->mount.where, r);
        if ((r = sd_event_default(&s->event)) < 0 || (r = watch_self(s)) < 0)
                return fail(reterr, size, "event loop", r);
        if ((r = open_store(s, reterr, size)) < 0)
                return r;
        if ((r = groups_open(s)) < 0)
                return fail(reterr, size, "tree of cgroups", r);
        if ((r = open_emit(s)) < 0)
                return fail(reterr, size, "records", r);
        if ((r = open_server(s)) < 0)
                return fail(reterr, size, "socket", r);
        sources_open(s);
        if ((r = groups_walk(s)) < 0)
                return fail(reterr, size, "walk over the cgroups", r);
        say_started(s);
        emit_rehearse(&s->emit);
        return 0;
}

int supervisor_run(Supervisor *s) {
        (void) sd_notifyf(0, "READY=1\nSTATUS=Watching by %s%s.", reeve_tier_to_string((int) s->from.tier),
                          s->refused ? "; the configuration was refused, see reevectl status" : "");
        kills_readback(s);
        return sd_event_loop(s->event);
}

void supervisor_done(Supervisor *s) {
        if (s->clerk && s->stopping)
                supervisor_say(s, "stopped", NULL, NULL);
        sources_close(s);
        kills_done(s);
        answers_done(s);
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
