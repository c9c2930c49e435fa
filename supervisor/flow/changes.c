/* What shall be changed? Set and Reload for the peers on the socket. */
#include "supervisor/flow/changes.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/attribute/identity.h"
#include "supervisor/base/fd.h"
#include "supervisor/flow/settings.h"
#include "supervisor/flow/sources.h"
#include "supervisor/flow/whose.h"
#include "supervisor/host/proc.h"

static int parse_values(const char *text, BudgetsSetValue values[LIMIT_KEYS], size_t *ret_n, char *why, size_t size) {
        json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *one;
        const char *key;
        int r = 0;

        *ret_n = 0;
        if (!json_is_object(object) || json_object_size(object) == 0) {
                (void) snprintf(why, size, "values must be an object of budget keys");
                r = -EINVAL;
        }
        json_object_foreach(object, key, one) {
                int which = limit_key_from_string(key);
                char number[32];
                const char *value = json_string_value(one);

                if (json_is_integer(one)) {
                        (void) snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(one));
                        value = number;
                } else if (json_is_boolean(one))
                        value = json_is_true(one) ? "yes" : "no";
                if (which < 0 || !value) {
                        (void) snprintf(why, size, "%s: no budget key, or no value for one", key);
                        r = -EINVAL;
                        break;
                }
                values[*ret_n].key = (LimitKey) which;
                r = config_parse_limit((LimitKey) which, value, &values[*ret_n].value, why, size);
                if (r < 0)
                        break;
                (*ret_n)++;
        }
        json_decref(object);
        return r;
}

void changes_set(ServerCall *call, const char *cgroup, const char *values_json, bool dry_run, bool risk, void *userdata) {
        Supervisor *s = userdata;
        const ServerPeer *peer = server_call_peer(call);
        BudgetsSetValue values[LIMIT_KEYS];
        char why[512] = "", path[4352];
        LimitRequester requester;
        Asker asker;
        uint64_t id;
        size_t n;
        Asked *a;

        if (parse_values(values_json, values, &n, why, sizeof(why)) < 0) {
                json_t *complaints = json_pack("{s:[s]}", "complaints", why);
                _cleanup_free_ char *text = complaints ? json_dumps(complaints, JSON_COMPACT) : NULL;

                json_decref(complaints);
                server_fail(call, "BadConfiguration", text);
                return;
        }
        if (asked_pid(s, call, cgroup, values_json, dry_run, risk))
                return;
        id = asked_resolve(s, call, cgroup);
        if (id == 0)
                return;
        if (!s->budgets || !whose_path(s, id)) {
                server_fail_text(call, "Failed", "reeved is still starting");
                return;
        }
        (void) snprintf(path, sizeof(path), "%s", s->path);
        requester = asked_requester(s, peer, &asker);
        a = asked_new(s, ASKED_SET, call);
        if (!a)
                return;
        a->records = json_array();
        if (budgets_set(s->budgets, a->cookie, id, path, values, n, dry_run, risk, &requester) < 0) {
                server_fail_text(call, "Failed", "too many changes are under way");
                asked_end(s, a);
        }
}

/* Where the peer had no right to any of it, that is the answer; the refusals are on record all the same. */
static void end_set(const Asked *a) {
        const json_t *one, *last = NULL;
        size_t i, refused = 0;

        json_array_foreach(a->records, i, one)
                if (strcmp(json_string_value(json_object_get(one, "reason")) ?: "",
                           reeve_reason_to_string(REEVE_REASON_NOT_PERMITTED)) == 0) {
                        refused++;
                        last = one;
                }
        if (refused > 0 && refused == json_array_size(a->records))
                server_fail_text(a->call, "NotAllowed", json_string_value(json_object_get(last, "text")) ?: "not permitted");
        else
                asked_reply(a->call, json_pack("{s:O}", "records", a->records));
}

void changes_done(Supervisor *s, uint64_t cookie, const char *record_json, bool done) {
        Asked *a = asked_find(s, cookie);

        if (!a)
                return;
        if (record_json)
                (void) json_array_append_new(a->records, json_loads(record_json, 0, NULL));
        if (done) {
                end_set(a);
                asked_end(s, a);
        }
}

void changes_reload(ServerCall *call, void *userdata) {
        _cleanup_free_ char *text = NULL;
        int r = settings_reload(userdata, &text);

        if (r > 0)
                sources_reopen(userdata);
        if (r < 0)
                server_fail(call, "BadConfiguration", text);
        else
                server_reply(call, text ? text : "{\"changes\":[]}");
}
