#include "supervisor/host/unitstate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define TIMEOUT_USEC (UINT64_C(3) * 1000000)

struct Unitstates {
        sd_bus *bus;
};

/* A property that was asked for. */
typedef struct Fetch {
        const char *interface, *property;
        char type;                      /* of D-Bus: s, t, u */
        void *to;
        size_t size;
        int error;
        bool came;
        sd_bus_slot *slot;
} Fetch;

enum { FETCHES_MAX = 9 };

int unitstates_open(Unitstates **ret) {
        Unitstates *u = calloc(1, sizeof(*u));

        if (!u)
                return -ENOMEM;
        if (sd_bus_open_system(&u->bus) < 0) {
                free(u);
                return -EUNATCH;
        }
        *ret = u;
        return 0;
}

Unitstates *unitstates_close(Unitstates *u) {
        if (u) {
                u->bus = sd_bus_close_unref(u->bus);
                free(u);
        }
        return NULL;
}

static int read_value(sd_bus_message *m, Fetch *f) {
        const char signature[] = { f->type, '\0' };
        const char *text = NULL;
        int r = sd_bus_message_enter_container(m, 'v', signature);

        if (r >= 0 && f->type == 's')
                r = sd_bus_message_read(m, "s", &text);
        else if (r >= 0)
                r = sd_bus_message_read_basic(m, f->type, f->to);
        if (r >= 0 && text)
                r = snprintf(f->to, f->size, "%s", text) < (int) f->size ? 0 : -ENAMETOOLONG;
        return r < 0 ? r : 0;
}

static int take_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fetch *f = userdata;
        const sd_bus_error *refused = sd_bus_message_get_error(m);

        (void) error;
        f->came = true;
        if (refused)
                f->error = sd_bus_error_has_name(refused, SYSTEMD ".NoSuchUnit") ? -ENOENT : -sd_bus_message_get_errno(m);
        else if (f->property)
                f->error = read_value(m, f);
        return 0;
}

/* Without a property: whether systemd has the unit loaded. */
static int send(Unitstates *u, const char *unit, const char *object, Fetch *f) {
        sd_bus_message *m = NULL;
        int r;

        if (f->property)
                r = sd_bus_message_new_method_call(u->bus, &m, SYSTEMD, object, "org.freedesktop.DBus.Properties", "Get");
        else
                r = sd_bus_message_new_method_call(u->bus, &m, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager", "GetUnit");
        if (r >= 0)
                r = f->property ? sd_bus_message_append(m, "ss", f->interface, f->property) : sd_bus_message_append(m, "s", unit);
        if (r >= 0)
                r = sd_bus_call_async(u->bus, &f->slot, m, take_answer, f, TIMEOUT_USEC);
        sd_bus_message_unref(m);
        return r < 0 ? r : 0;
}

static int wait_for_all(Unitstates *u, const Fetch *fetches, size_t n) {
        for (size_t i = 0; i < n; i++)
                while (!fetches[i].came) {
                        int r = sd_bus_process(u->bus, NULL);

                        if (r == 0)
                                r = sd_bus_wait(u->bus, UINT64_MAX);
                        if (r < 0 && r != -EINTR)
                                return r;
                }
        return 0;
}

/* All questions at once: PID 1 answers them in this order and in one go, so that hardly anything happens in between. */
static int fetch_all(Unitstates *u, const char *unit, Fetch *fetches, size_t n) {
        char *object = NULL;
        int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &object);

        for (size_t i = 0; i < n && r >= 0; i++)
                r = send(u, unit, object, &fetches[i]);
        if (r >= 0)
                r = wait_for_all(u, fetches, n);
        for (size_t i = 0; i < n; i++) {
                sd_bus_slot_unref(fetches[i].slot);
                if (r >= 0)
                        r = fetches[i].error;
        }
        free(object);
        return r;
}

/* The interface of its own kind, where that has a Result; NULL: slices, targets. */
static const char *kind(const char *unit) {
        static const struct {
                const char *suffix, *interface;
        } kinds[] = {
                { ".service", SYSTEMD ".Service" }, { ".scope", SYSTEMD ".Scope" }, { ".socket", SYSTEMD ".Socket" },
                { ".mount", SYSTEMD ".Mount" },     { ".swap", SYSTEMD ".Swap" },
        };
        const char *dot = strrchr(unit, '.');

        for (size_t i = 0; dot && i < sizeof(kinds) / sizeof(*kinds); i++)
                if (strcmp(dot, kinds[i].suffix) == 0)
                        return kinds[i].interface;
        return NULL;
}

int unitstates_read(Unitstates *u, const char *unit, UnitState *ret) {
        static const char general[] = SYSTEMD ".Unit";
        const char *own = kind(unit);
        uint32_t main_pid = 0, last_main_pid = 0;
        uint64_t started = 0, active = 0;
        /* First whether it is loaded: asking for a property would make systemd load it anew, with nothing of its past in it.
         * Then the result, then the pids: while these are the old ones that is the old one too. */
        Fetch fetches[FETCHES_MAX] = {
                { .came = false },
                { .interface = own, .property = "Result", .type = 's', .to = ret->result, .size = sizeof(ret->result) },
                { .interface = general, .property = "ActiveState", .type = 's', .to = ret->active, .size = sizeof(ret->active) },
                { .interface = general, .property = "InactiveExitTimestampMonotonic", .type = 't', .to = &ret->started_monotonic_usec },
                { .interface = general, .property = "InactiveExitTimestamp", .type = 't', .to = &started },
                { .interface = general, .property = "ActiveEnterTimestampMonotonic", .type = 't', .to = &ret->active_monotonic_usec },
                { .interface = general, .property = "ActiveEnterTimestamp", .type = 't', .to = &active },
                { .interface = own, .property = "MainPID", .type = 'u', .to = &main_pid },
                { .interface = own, .property = "ExecMainPID", .type = 'u', .to = &last_main_pid },
        };
        size_t n = own && strcmp(own, SYSTEMD ".Service") == 0 ? FETCHES_MAX : FETCHES_MAX - 2;
        int r;

        *ret = (UnitState) { .result = "" };
        if (!own)
                return -ENOENT;
        r = fetch_all(u, unit, fetches, n);
        ret->started_realtime_usec = (int64_t) started;
        ret->active_realtime_usec = (int64_t) active;
        ret->main_pid = (int32_t) main_pid;
        ret->last_main_pid = (int32_t) last_main_pid;
        return r;
}
