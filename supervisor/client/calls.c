/* The calls of io.reeve.Supervisor, one function each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/client/handle.h"

/* Dumps and drops @parameters, calls, and takes @member of the reply. */
static int call_with(reeve *r, const char *method, json_t *parameters, const char *member, char **ret) {
        _cleanup_free_ char *text = parameters ? json_dumps(parameters, JSON_COMPACT) : NULL;

        json_decref(parameters);
        if (!text)
                return client_error_set(&r->error, -EINVAL, "an argument is not UTF-8, or no memory is left");
        return client_call_text(r, method, text, member, ret);
}

int reeve_status(reeve *r, const char *cgroup, char **ret_json) {
        if (!ret_json)
                return -EINVAL;
        return call_with(r, WIRE_INTERFACE ".Status", json_pack("{s:s*}", "cgroup", cgroup), "status", ret_json);
}

int reeve_explain(reeve *r, const char *what, char **ret_text, char **ret_records) {
        _cleanup_free_ char *parameters = NULL, *words = NULL, *records = NULL;
        json_t *asked = what && ret_text ? json_pack("{s:s}", "what", what) : NULL;
        json_t *text, *list;
        WireReply reply = { 0 };
        int error;

        parameters = asked ? json_dumps(asked, JSON_COMPACT) : NULL;
        json_decref(asked);
        if (!parameters)
                return client_error_set(&r->error, -EINVAL, "what to explain must be given, in UTF-8");
        error = client_call(r, WIRE_INTERFACE ".Explain", parameters, &reply);
        if (error < 0)
                return error;
        text = json_object_get(reply.parameters, "text");
        list = json_object_get(reply.parameters, "records");
        words = json_is_string(text) ? strdup(json_string_value(text)) : NULL;
        records = json_is_array(list) ? json_dumps(list, JSON_COMPACT) : strdup("[]");
        wire_reply_clear(&reply);
        if (!words || !records)
                return client_failed(&r->error, r->path, words ? -ENOMEM : -EPROTO);
        *ret_text = ptr_steal(words);
        if (ret_records)
                *ret_records = ptr_steal(records);
        return 0;
}

int reeve_set(reeve *r, const char *cgroup, const char *values, bool dry_run, bool risk, char **ret_records) {
        json_t *object = values ? json_loads(values, JSON_REJECT_DUPLICATES, NULL) : NULL;

        if (!cgroup || !ret_records || !json_is_object(object)) {
                json_decref(object);
                return client_error_set(&r->error, -EINVAL, "values are a JSON object of budget keys");
        }
        return call_with(r, WIRE_INTERFACE ".Set",
                         json_pack("{s:s, s:o, s:b, s:b}", "cgroup", cgroup, "values", object, "dry_run", dry_run,
                                   "risk", risk),
                         "records", ret_records);
}

int reeve_reload(reeve *r, char **ret_changes) {
        if (!ret_changes)
                return -EINVAL;
        return call_with(r, WIRE_INTERFACE ".Reload", json_object(), "changes", ret_changes);
}

int reeve_pause(reeve *r, const char *cgroup, uint64_t for_usec, char **ret_json) {
        json_t *p = json_pack("{s:s*}", "cgroup", cgroup);

        if (!ret_json) {
                json_decref(p);
                return -EINVAL;
        }
        if (for_usec)
                json_object_set_new(p, "for_usec", json_integer((json_int_t) for_usec));
        return call_with(r, WIRE_INTERFACE ".Pause", p, NULL, ret_json);
}

int reeve_resume(reeve *r, const char *cgroup, char **ret_json) {
        if (!ret_json)
                return -EINVAL;
        return call_with(r, WIRE_INTERFACE ".Resume", json_pack("{s:s*}", "cgroup", cgroup), NULL, ret_json);
}

int reeve_fate(reeve *r, const reeve_fate_query *query, char **ret_json) {
        json_t *p;

        if (!query || query->size < sizeof(*query) || !ret_json)
                return client_error_set(&r->error, -EINVAL, "a query with its size set is needed");
        p = json_pack("{s:s*, s:s*}", "cgroup", query->cgroup, "container", query->container);
        if (query->pid)
                json_object_set_new(p, "pid", json_integer(query->pid));
        if (query->start_usec)
                json_object_set_new(p, "start_usec", json_integer((json_int_t) query->start_usec));
        if (query->wait_usec)
                json_object_set_new(p, "wait_usec", json_integer((json_int_t) query->wait_usec));
        return call_with(r, WIRE_INTERFACE ".Fate", p, NULL, ret_json);
}
