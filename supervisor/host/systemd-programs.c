#include "supervisor/host/systemd-programs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/clock.h"
#include "supervisor/host/systemd-private.h"

/* Over its time systemd sends SIGTERM, and SIGKILL 90 s later: past that nobody will tell any more. */
enum { RUNNING_MAX = 64, LATE_USEC = 120 * 1000 * 1000 };

/* One that runs. */
typedef struct Program {
        struct Program *next;
        SystemdProgramState state;
        uint64_t cookie, about, until_usec;
        sd_bus_slot *slot;
        bool over;                       /* nothing more is to come */
} Program;

struct SystemdPrograms {
        Systemd *systemd;
        Program *first;
        size_t n;
};

int systemd_programs_new(SystemdPrograms **ret, Systemd *s) {
        SystemdPrograms *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->systemd = s;
        *ret = p;
        return 0;
}

static void forget(SystemdPrograms *p, Program *program) {
        for (Program **at = &p->first; *at; at = &(*at)->next)
                if (*at == program) {
                        *at = program->next;
                        p->n--;
                        (void) sd_bus_slot_unref(program->slot);
                        free(program);
                        return;
                }
}

SystemdPrograms *systemd_programs_free(SystemdPrograms *p) {
        while (p && p->first)
                forget(p, p->first);
        free(p);
        return NULL;
}

/* ---- what systemd tells ---- */

bool systemd_program_ended(const SystemdProgramState *state, SystemdEnded *ret) {
        bool exited = state->code == CLD_EXITED;

        /* The unit is inactive before it starts, too. Its result may change until all of it is down. */
        if (!state->code || (strcmp(state->active, "inactive") != 0 && strcmp(state->active, "failed") != 0))
                return false;
        *ret = (SystemdEnded) { .exit_status = exited ? state->status : -1, .signal = exited ? -1 : state->status, .ran_usec = -1 };
        memcpy(ret->result, state->result, sizeof(ret->result));
        if (state->began_usec > 0 && state->ended_usec >= state->began_usec)
                ret->ran_usec = (int64_t) (state->ended_usec - state->began_usec);
        return true;
}

static int take_value(sd_bus_message *m, const char *name, SystemdProgramState *state) {
        const struct {
                const char *name;
                char type;
                void *to;
                size_t size;
        } known[] = {
                { "Result", 's', state->result, sizeof(state->result) },
                { "ActiveState", 's', state->active, sizeof(state->active) },
                { "ExecMainCode", 'i', &state->code, 0 },
                { "ExecMainStatus", 'i', &state->status, 0 },
                { "ExecMainStartTimestampMonotonic", 't', &state->began_usec, 0 },
                { "ExecMainExitTimestampMonotonic", 't', &state->ended_usec, 0 },
        };

        for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
                const char type[] = { known[i].type, '\0' }, *text;
                int r;

                if (strcmp(name, known[i].name) != 0)
                        continue;
                r = sd_bus_message_enter_container(m, 'v', type);
                if (r >= 0)
                        r = sd_bus_message_read_basic(m, known[i].type, known[i].size ? (void *) &text : known[i].to);
                if (r >= 0 && known[i].size)
                        (void) snprintf(known[i].to, known[i].size, "%s", text);
                return r < 0 ? r : sd_bus_message_exit_container(m);
        }
        return sd_bus_message_skip(m, "v");
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Program *program = userdata;
        const char *name;
        int r = sd_bus_message_skip(m, "s");

        (void) error;
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &name);
                if (r >= 0)
                        r = take_value(m, name, &program->state);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return 0;
}

/* ---- starting ---- */

/* Exactly what the program gets: no privilege, no name in its environment, an end. */
static int append_program(sd_bus_message *m, const SystemdProgram *p, bool user) {
        int r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)",
                                      "Description", "s", p->description,
                                      "Type", "s", "exec",
                                      "ExecStart", "a(sasb)", 1, p->path, 1, p->path, 0,
                                      "StandardInputFileDescriptor", "h", p->stdin_fd,
                                      "RuntimeMaxUSec", "t", p->most_usec,
                                      "OOMScoreAdjust", "i", 0,
                                      "CollectMode", "s", "inactive-or-failed");

        /* A user's systemd has no other users to give. */
        if (r >= 0 && !user)
                r = sd_bus_message_append(m, "(sv)", "DynamicUser", "b", 1);
        return r;
}

static int call_of(SystemdPrograms *p, const SystemdProgram *program, sd_bus_message **ret) {
        int r = systemd_new_call(p->systemd, ret, "StartTransientUnit");

        if (r >= 0)
                r = sd_bus_message_append(*ret, "ss", program->unit, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(*ret, 'a', "(sv)");
        if (r >= 0)
                r = append_program(*ret, program, p->systemd->user);
        if (r >= 0)
                r = sd_bus_message_close_container(*ret);
        if (r >= 0)
                r = sd_bus_message_append(*ret, "a(sa(sv))", 0);
        return r;
}

/* Before the unit is there, so that no end is too quick. */
static int await(SystemdPrograms *p, const SystemdProgram *program, Program **ret) {
        Program *mine = calloc(1, sizeof(*mine));
        char *object = NULL;
        int r = mine ? sd_bus_path_encode("/org/freedesktop/systemd1/unit", program->unit, &object) : -ENOMEM;

        if (r >= 0 && p->n < RUNNING_MAX)
                r = sd_bus_match_signal(p->systemd->bus, &mine->slot, SYSTEMD, object, "org.freedesktop.DBus.Properties",
                                        "PropertiesChanged", on_changed, mine);
        free(object);
        if (r < 0) {
                free(mine);
                return r;
        }
        mine->cookie = program->cookie;
        mine->about = program->about;
        mine->until_usec = clock_usec(CLOCK_MONOTONIC) + program->most_usec + LATE_USEC;
        /* One too many: it is started, and nobody will know how it ends. */
        mine->over = !mine->slot;
        mine->next = p->first;
        p->first = mine;
        p->n++;
        *ret = mine;
        return 0;
}

int systemd_programs_start(SystemdPrograms *p, const SystemdProgram *program, uint64_t wait_usec, char *reterr, size_t err_size) {
        _cleanup_message_ sd_bus_message *m = NULL;
        Program *mine = NULL;
        int r = call_of(p, program, &m);

        if (r >= 0)
                r = await(p, program, &mine);
        if (r < 0)
                return systemd_told(NULL, r, reterr, err_size);
        r = systemd_run_job(p->systemd, m, program->unit, wait_usec, reterr, err_size);
        if (r < 0 && r != -ETIME)
                forget(p, mine);
        return r;
}

/* ---- ends ---- */

int systemd_programs_poll(const SystemdPrograms *p, struct pollfd *ret) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC), until = UINT64_MAX;
        int events = 0;

        *ret = (struct pollfd) { .fd = -1 };
        if (!p || !p->first)
                return -1;
        for (const Program *one = p->first; one; one = one->next)
                until = one->over ? now : one->until_usec < until ? one->until_usec : until;
        if (p->systemd->bus) {
                ret->fd = sd_bus_get_fd(p->systemd->bus);
                events = sd_bus_get_events(p->systemd->bus);
        }
        ret->events = (short) (events > 0 ? events : POLLIN);
        return until <= now ? 0 : (int) ((until - now) / 1000) + 1;
}

/* All that has come. A connection that is lost takes with it what it would have told. */
static void hear(SystemdPrograms *p) {
        int r = -ENOTCONN;

        if (p->systemd->bus)
                while ((r = sd_bus_process(p->systemd->bus, NULL)) > 0)
                        ;
        for (Program *one = p->first; one && r < 0 && r != -EINTR; one = one->next)
                one->over = true;
}

bool systemd_programs_take(SystemdPrograms *p, SystemdEnded *ret) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC);

        if (!p || !p->first)
                return false;
        hear(p);
        for (Program *one = p->first; one; one = one->next) {
                SystemdEnded ended = { .exit_status = -1, .signal = -1, .ran_usec = -1 };

                if (!systemd_program_ended(&one->state, &ended) && !one->over && now < one->until_usec)
                        continue;
                *ret = ended;
                ret->cookie = one->cookie;
                ret->about = one->about;
                forget(p, one);
                return true;
        }
        return false;
}
