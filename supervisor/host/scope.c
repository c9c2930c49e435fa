#include "supervisor/host/scope.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

/* PID 1 under memory pressure answers late; longer than this the user thinks that we hang. */
#define CALL_TIMEOUT_USEC (30ULL * 1000 * 1000)

typedef struct Job {
        char path[256];
        char result[32];          /* "done", "failed" ... once JobRemoved told it */
} Job;

static void bus_closep(sd_bus **bus) {
        *bus = sd_bus_flush_close_unref(*bus);
}

static void message_unrefp(sd_bus_message **m) {
        *m = sd_bus_message_unref(*m);
}

#define _cleanup_bus_ __attribute__((cleanup(bus_closep)))
#define _cleanup_message_ __attribute__((cleanup(message_unrefp)))

/* The user's bus where pam_systemd puts it: su and cron leave XDG_RUNTIME_DIR unset although the bus is there. */
static int user_bus_open(sd_bus **ret) {
        _cleanup_bus_ sd_bus *bus = NULL;
        char address[64];
        int r;

        r = sd_bus_open_user(ret);
        if (r >= 0)
                return r;
        (void) snprintf(address, sizeof(address), "unix:path=/run/user/%u/bus", (unsigned) getuid());
        if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 || sd_bus_set_bus_client(bus, 1) < 0 || sd_bus_start(bus) < 0)
                return r;
        *ret = bus;
        bus = NULL;
        return 0;
}

static int bus_open(sd_bus **ret, bool user) {
        int r = user ? user_bus_open(ret) : sd_bus_open_system(ret);

        return r < 0 ? r : 0;
}

static int take_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Job *job = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        (void) error;
        if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
                return 0;
        if (job->path[0] == 0 || strcmp(path, job->path) != 0)
                return 0;
        (void) snprintf(job->result, sizeof(job->result), "%s", result);
        return 0;
}

static int append_properties(sd_bus_message *m, const ScopeOptions *o, bool oom_policy) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "Description", "s", o->description);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t) o->pid);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "Delegate", "b", 1);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "MemoryAccounting", "b", 1);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "CollectMode", "s", "inactive-or-failed");
        /* Without this a kill in the payload makes systemd stop the scope, us in it, before the final read. */
        if (r >= 0 && oom_policy)
                r = sd_bus_message_append(m, "(sv)", "OOMPolicy", "s", "continue");
        if (r >= 0 && o->slice)
                r = sd_bus_message_append(m, "(sv)", "Slice", "s", o->slice);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r;
}

/* OOMPolicy= on scopes is of systemd 253; an older one refuses the whole call. */
static bool is_unknown_property(const sd_bus_error *error) {
        return sd_bus_error_has_name(error, "org.freedesktop.DBus.Error.PropertyReadOnly") ||
               (error->message && strstr(error->message, "OOMPolicy"));
}

static int call_start(sd_bus *bus, const ScopeOptions *o, bool oom_policy, Job *job, sd_bus_error *error) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        const char *path;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", o->name, "fail");
        if (r >= 0)
                r = append_properties(m, o, oom_policy);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r >= 0)
                r = sd_bus_call(bus, m, CALL_TIMEOUT_USEC, error, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return r;
        (void) snprintf(job->path, sizeof(job->path), "%s", path);
        return 0;
}

static int wait_for_job(sd_bus *bus, Job *job) {
        int r;

        while (job->result[0] == 0) {
                r = sd_bus_process(bus, NULL);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                r = sd_bus_wait(bus, CALL_TIMEOUT_USEC);
                if (r < 0 && r != -EINTR)
                        return r;
                if (r == 0)
                        return -ETIMEDOUT;
        }
        return strcmp(job->result, "done") == 0 ? 0 : -EIO;
}

int scope_start(const ScopeOptions *o, char *reterr, size_t err_size) {
        const char *whose = o->user ? "the user's systemd" : "systemd";
        sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        Job job = { .path = "" };
        int r;

        r = bus_open(&bus, o->user);
        if (r < 0) {
                (void) snprintf(reterr, err_size, "%s cannot be reached: %s", whose, strerror(-r));
                return -EUNATCH;
        }
        r = sd_bus_match_signal(bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved", take_job_removed, &job);
        if (r >= 0)
                r = call_start(bus, o, /* oom_policy= */ true, &job, &error);
        if (r < 0 && is_unknown_property(&error)) {
                sd_bus_error_free(&error);
                r = call_start(bus, o, /* oom_policy= */ false, &job, &error);
        }
        if (r >= 0)
                r = wait_for_job(bus, &job);
        if (r < 0) {
                (void) snprintf(reterr, err_size, "%s refuses the scope %s: %s", whose, o->name,
                                error.message ? error.message : strerror(-r));
                if (sd_bus_error_has_name(&error, "org.freedesktop.systemd1.UnitExists"))
                        r = -EEXIST;
                else if (sd_bus_error_has_name(&error, SD_BUS_ERROR_SERVICE_UNKNOWN))
                        r = -EUNATCH;
        }
        sd_bus_error_free(&error);
        return r < 0 ? r : 0;
}

static void read_property(sd_bus *bus, const char *name, char *ret, size_t size) {
        char *value = NULL;

        if (sd_bus_get_property_string(bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, name, NULL, &value) < 0)
                return;
        (void) snprintf(ret, size, "%s", value);
        free(value);
}

void scope_manager_read(ScopeManager *ret, bool user) {
        _cleanup_bus_ sd_bus *bus = NULL;

        *ret = (ScopeManager) { .reachable = false };
        if (bus_open(&bus, user) < 0)
                return;
        read_property(bus, "Version", ret->version, sizeof(ret->version));
        read_property(bus, "DefaultOOMPolicy", ret->default_oom_policy, sizeof(ret->default_oom_policy));
        ret->reachable = ret->version[0] != 0;
}
