#include "supervisor/host/systemd-private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

static const uint64_t CALL_TIMEOUT_USEC = UINT64_C(10) * 1000000;
static const uint64_t START_TIMEOUT_USEC = UINT64_C(10) * 1000000, SKIPPED_AFTER_USEC = UINT64_C(2) * 1000000;

/* Whether it can be used still. What came is read first, which is how an end by the other side is found: dbus-daemon ends a
 * connection on which nothing was said for 30 s, and the first words are those of the first call. */
static bool bus_lives(sd_bus *bus) {
        int r;

        do
                r = sd_bus_process(bus, NULL);
        while (r > 0);
        return r >= 0 && sd_bus_is_open(bus) > 0;
}

/* The bus, connected anew where it was lost. */
static int bus_get(Systemd *s, sd_bus **ret) {
        int r;

        if (s->bus && !bus_lives(s->bus))
                s->bus = sd_bus_flush_close_unref(s->bus);
        if (!s->bus) {
                r = s->user ? sd_bus_open_user(&s->bus) : sd_bus_open_system(&s->bus);
                if (r < 0) {
                        s->bus = NULL;
                        return -EUNATCH;
                }
        }
        *ret = s->bus;
        return 0;
}

int systemd_open(Systemd **ret, bool user) {
        Systemd *s = calloc(1, sizeof(*s));
        sd_bus *bus;
        int r;

        if (!s)
                return -ENOMEM;
        s->user = user;
        r = bus_get(s, &bus);
        if (r < 0) {
                (void) systemd_close(s);
                return r;
        }
        *ret = s;
        return 0;
}

Systemd *systemd_close(Systemd *s) {
        if (s) {
                s->bus = sd_bus_close_unref(s->bus);
                free(s);
        }
        return NULL;
}

/* Words for people; the error as a negative errno, -EUNATCH where nobody is there who could answer. */
int systemd_told(const sd_bus_error *error, int r, char *reterr, size_t err_size) {
        if (reterr)
                (void) snprintf(reterr, err_size, "systemd: %s", error && error->message ? error->message : strerror(-r));
        if (sd_bus_error_has_name(error, "org.freedesktop.systemd1.NoSuchUnit"))
                return -ENOENT;
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN))
                return -EUNATCH;
        return r;
}

int systemd_new_call(Systemd *s, sd_bus_message **ret, const char *method) {
        sd_bus *bus;
        int r = bus_get(s, &bus);

        if (r < 0)
                return r;
        return sd_bus_message_new_method_call(bus, ret, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, method);
}

typedef struct Answer {
        sd_bus_message *message;
        bool came;
} Answer;

static int take_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Answer *a = userdata;

        (void) error;
        a->message = sd_bus_message_ref(m);
        a->came = true;
        return 0;
}

/* As sd_bus_call(), which gives up when a signal comes (systemd 252): the deadline of a freeze does come while we wait. */
int systemd_finish_call(Systemd *s, sd_bus_message *m, sd_bus_message **ret, char *reterr, size_t err_size) {
        sd_bus_slot *slot = NULL;
        Answer answer = { 0 };
        int r = sd_bus_call_async(s->bus, &slot, m, take_answer, &answer, CALL_TIMEOUT_USEC);

        while (r >= 0 && !answer.came) {
                r = sd_bus_process(s->bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(s->bus, UINT64_MAX);
                if (r == -EINTR)
                        r = 0;
        }
        slot = sd_bus_slot_unref(slot);
        if (r < 0)
                return systemd_told(NULL, r, reterr, err_size);
        *ret = answer.message;
        if (sd_bus_message_is_method_error(answer.message, NULL))
                return systemd_told(sd_bus_message_get_error(answer.message), -sd_bus_message_get_errno(answer.message), reterr, err_size);
        return 0;
}

static const char *type_interface(const char *unit) {
        static const struct {
                const char *suffix, *interface;
        } types[] = {
                { ".service", SYSTEMD ".Service" }, { ".scope", SYSTEMD ".Scope" }, { ".slice", SYSTEMD ".Slice" },
                { ".socket", SYSTEMD ".Socket" },   { ".mount", SYSTEMD ".Mount" }, { ".swap", SYSTEMD ".Swap" },
        };
        const char *dot = strrchr(unit, '.');

        for (size_t i = 0; dot && i < sizeof(types) / sizeof(*types); i++)
                if (strcmp(dot, types[i].suffix) == 0)
                        return types[i].interface;
        return NULL;
}

static int get_string(Systemd *s, const char *object, const char *interface, const char *property, char *buf, size_t size) {
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        char *value = NULL;
        int r = sd_bus_get_property_string(s->bus, SYSTEMD, object, interface, property, &error, &value);

        if (r < 0)
                return systemd_told(&error, r, NULL, 0);
        r = snprintf(buf, size, "%s", value) < (int) size ? 0 : -ENAMETOOLONG;
        free(value);
        return r;
}

static int get_trivial(Systemd *s, const char *object, const char *interface, const char *property, char type, void *ret) {
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = sd_bus_get_property_trivial(s->bus, SYSTEMD, object, interface, property, &error, type, ret);

        return r < 0 ? systemd_told(&error, r, NULL, 0) : 0;
}

/* Fills in what else is known of the unit at @object. */
static int unit_describe(Systemd *s, const char *object, const char *path, SystemdUnit *ret) {
        const char *interface;
        uint32_t pid = 0;
        int truth = 0, r;

        r = get_string(s, object, SYSTEMD ".Unit", "Id", ret->name, sizeof(ret->name));
        if (r < 0)
                return r;
        interface = type_interface(ret->name);
        if (!interface)
                return -ENOENT;
        r = get_string(s, object, interface, "ControlGroup", ret->control_group, sizeof(ret->control_group));
        if (r < 0)
                return r;
        ret->exact = strcmp(ret->control_group, path) == 0;
        /* Slices are never delegated and have no such property on some versions. */
        if (get_trivial(s, object, interface, "Delegate", 'b', &truth) == 0)
                ret->delegate = truth;
        if (strcmp(interface, SYSTEMD ".Service") == 0 && get_trivial(s, object, interface, "MainPID", 'u', &pid) == 0)
                ret->main_pid = (int32_t) pid;
        return 0;
}

int systemd_unit_of(Systemd *s, const char *path, SystemdUnit *ret, char *reterr, size_t err_size) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        const char *object;
        SystemdUnit unit = { .name = "" };
        int r;

        r = systemd_new_call(s, &m, "GetUnitByControlGroup");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", path);
        if (r < 0)
                return systemd_told(NULL, r, reterr, err_size);
        r = systemd_finish_call(s, m, &reply, reterr, err_size);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "o", &object);
        if (r >= 0)
                r = unit_describe(s, object, path, &unit);
        if (r < 0)
                return systemd_told(NULL, r, reterr, err_size);
        *ret = unit;
        return 0;
}

int systemd_set_limits(Systemd *s, const char *unit, const SystemdLimit *limits, size_t n, char *reterr, size_t err_size) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        int r;

        r = systemd_new_call(s, &m, "SetUnitProperties");
        if (r >= 0)
                r = sd_bus_message_append(m, "sb", unit, 1);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        for (size_t i = 0; i < n && r >= 0; i++)
                r = sd_bus_message_append(m, "(sv)", limit_key_to_string((int) limits[i].key), "t",
                                          limits[i].value == LIMIT_MAX ? UINT64_MAX : (uint64_t) limits[i].value);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r < 0)
                return systemd_told(NULL, r, reterr, err_size);
        return systemd_finish_call(s, m, &reply, reterr, err_size);
}

/* The object of a loaded unit. */
static int unit_object(Systemd *s, const char *unit, char *buf, size_t size) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        const char *object;
        int r;

        r = systemd_new_call(s, &m, "GetUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", unit);
        if (r >= 0)
                r = systemd_finish_call(s, m, &reply, NULL, 0);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &object);
        if (r < 0)
                return r;
        return snprintf(buf, size, "%s", object) < (int) size ? 0 : -ENAMETOOLONG;
}

int systemd_get_limit(Systemd *s, const char *unit, LimitKey key, int64_t *ret) {
        const char *interface = type_interface(unit);
        char object[1024];
        uint64_t value;
        int r;

        if (!interface)
                return -ENOENT;
        r = unit_object(s, unit, object, sizeof(object));
        if (r >= 0)
                r = get_trivial(s, object, interface, limit_key_to_string((int) key), 't', &value);
        if (r < 0)
                return r;
        *ret = value >= INT64_MAX ? LIMIT_MAX : (int64_t) value;
        return 0;
}

/* A method of the manager that takes a unit's name, or nothing. */
static int call_simple(Systemd *s, const char *method, const char *unit, const char *mode, char *reterr, size_t err_size) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        int r;

        r = systemd_new_call(s, &m, method);
        if (r >= 0 && unit)
                r = sd_bus_message_append(m, "s", unit);
        if (r >= 0 && mode)
                r = sd_bus_message_append(m, "s", mode);
        if (r < 0)
                return systemd_told(NULL, r, reterr, err_size);
        return systemd_finish_call(s, m, &reply, reterr, err_size);
}

int systemd_reload(Systemd *s, char *reterr, size_t err_size) {
        return call_simple(s, "Reload", NULL, NULL, reterr, err_size);
}

int systemd_start_unit(Systemd *s, const char *unit, char *reterr, size_t err_size) {
        char object[1024], state[64] = "";
        int r = call_simple(s, "StartUnit", unit, "replace", reterr, err_size);

        for (uint64_t waited = 0; r >= 0 && waited < START_TIMEOUT_USEC; waited += 50000) {
                const struct timespec pause = { .tv_nsec = 50000000 };

                /* It is unloaded at once where it was skipped. */
                if (unit_object(s, unit, object, sizeof(object)) < 0 ||
                    get_string(s, object, SYSTEMD ".Unit", "ActiveState", state, sizeof(state)) < 0)
                        (void) snprintf(state, sizeof(state), "inactive");
                if (strcmp(state, "active") == 0)
                        return 0;
                if (strcmp(state, "failed") == 0 || (strcmp(state, "inactive") == 0 && waited > SKIPPED_AFTER_USEC))
                        break;
                (void) nanosleep(&pause, NULL);
        }
        if (r < 0)
                return r;
        (void) snprintf(reterr, err_size, "systemd: %s does not come up, it is %s; see its status", unit, state);
        return -EIO;
}

/* Where systemd keeps what it was told of @unit: that of a transient one lies beside its file, and goes with it. */
static int dropin_path(bool user, bool transient, const char *unit, LimitKey key, char *buf, size_t size) {
        const char *runtime = user ? getenv("XDG_RUNTIME_DIR") : "/run", *word = limit_key_to_string((int) key);
        const char *place = transient ? "transient" : user ? "user.control" : "system.control";

        if (!runtime || strchr(unit, '/') || !word)
                return -EINVAL;
        return snprintf(buf, size, "%s/systemd/%s/%s.d/50-%s.conf", runtime, place, unit, word) < (int) size ? 0 : -ENAMETOOLONG;
}

bool systemd_dropin_exists(bool user, const char *unit, LimitKey key) {
        char path[PATH_MAX];

        for (int transient = 0; transient < 2; transient++)
                if (dropin_path(user, transient, unit, key, path, sizeof(path)) == 0 && access(path, F_OK) == 0)
                        return true;
        return false;
}

static bool dropin_remove(bool user, bool transient, const char *unit, LimitKey key) {
        char path[PATH_MAX], *slash;

        if (dropin_path(user, transient, unit, key, path, sizeof(path)) < 0 || unlink(path) < 0)
                return false;
        slash = strrchr(path, '/');
        if (slash) {
                *slash = '\0';
                (void) rmdir(path);
        }
        return true;
}

bool systemd_dropin_remove(bool user, const char *unit, LimitKey key) {
        bool control = dropin_remove(user, /* transient= */ false, unit, key);

        return dropin_remove(user, /* transient= */ true, unit, key) || control;
}
