#include "reeve/reeve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/client/handle.h"

enum { CALL_TIMEOUT_MSEC = 30000 };

/* The default path: the first that the environment names or that is there. */
static char *default_path(void) {
        const char *named = secure_getenv("REEVE_SOCKET");
        const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
        char *user = NULL;

        if (named && named[0])
                return strdup(named);
        if (access("/run/reeve/reeve.sock", F_OK) != 0 && runtime && runtime[0] == '/') {
                if (asprintf(&user, "%s/reeve/reeve.sock", runtime) < 0)
                        return NULL;
                if (access(user, F_OK) == 0)
                        return user;
                free(user);
        }
        return strdup("/run/reeve/reeve.sock");
}

int reeve_connect(reeve **ret, const char *path) {
        reeve *r;
        int error;

        if (!ret)
                return -EINVAL;
        *ret = NULL;
        r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->connection = (Connection) CONNECTION_INIT;
        r->timeout_msec = CALL_TIMEOUT_MSEC;
        r->path = path ? strdup(path) : default_path();
        error = r->path ? connection_open(&r->connection, r->path) : -ENOMEM;
        if (error < 0) {
                reeve_close(r);
                return error;
        }
        *ret = r;
        return 0;
}

reeve *reeve_close(reeve *r) {
        if (!r)
                return NULL;
        connection_close(&r->connection);
        client_error_clear(&r->error);
        free(r->path);
        free(r);
        return NULL;
}

void reeve_set_timeout(reeve *r, int timeout_msec) {
        r->timeout_msec = timeout_msec;
}

const char *reeve_error_text(const reeve *r) {
        return r->error.text;
}

const char *reeve_error_name(const reeve *r) {
        return r->error.name[0] ? r->error.name : NULL;
}

const char *reeve_error_parameters(const reeve *r) {
        return r->error.parameters;
}

const char *reeve_path(const reeve *r) {
        return r->path;
}

int client_failed(ClientError *e, const char *path, int error) {
        switch (error) {
        case -ECONNREFUSED:
                return client_error_set(e, error, "no reeved listens at %s", path);
        case -ECONNRESET:
                return client_error_set(e, error, "reeved closed the connection");
        case -ETIMEDOUT:
                return client_error_set(e, error, "reeved did not answer in time");
        case -EPROTO:
                return client_error_set(e, error, "what came from %s is no Varlink message", path);
        default:
                return client_error_set(e, error, "%s: %s", path, strerror(-error));
        }
}

/* One call and its reply. A connection that reeved closed while it lay idle (a restart) is opened again; where it left an
 * error behind (too many connections), that is the reply. */
static int call_exchange(reeve *r, const char *method, const char *parameters, WireReply *ret) {
        int error = connection_send(&r->connection, method, parameters, /* more= */ false, r->timeout_msec);

        if (error == -ECONNRESET) {
                if (connection_receive(&r->connection, ret, 0) == 0)
                        return 0;
                error = connection_open(&r->connection, r->path);
                if (error == 0)
                        error = connection_send(&r->connection, method, parameters, /* more= */ false, r->timeout_msec);
        }
        return error < 0 ? error : connection_receive(&r->connection, ret, r->timeout_msec);
}

int client_call(reeve *r, const char *method, const char *parameters, WireReply *ret) {
        WireReply reply = { 0 };
        int error;

        client_error_clear(&r->error);
        error = call_exchange(r, method, parameters, &reply);
        if (error < 0) {
                /* A reply that comes after we gave up would be taken for that of the next call. */
                connection_close(&r->connection);
                return client_failed(&r->error, r->path, error == -EAGAIN ? -ETIMEDOUT : error);
        }
        if (reply.error) {
                error = client_error_of_reply(&r->error, &reply);
                wire_reply_clear(&reply);
                return error;
        }
        *ret = reply;
        return 0;
}

/* A method's name goes into the message as it is: letters, digits, dots, '-' and '_' only. */
static bool name_valid(const char *name) {
        return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] == '\0';
}

int client_call_text(reeve *r, const char *method, const char *parameters, const char *member, char **ret) {
        WireReply reply = { 0 };
        json_t *value;
        int error = client_call(r, method, parameters, &reply);

        if (error < 0)
                return error;
        value = member ? json_object_get(reply.parameters, member) : reply.parameters;
        if (!member && !value)
                *ret = strdup("{}");
        else if (json_is_string(value))
                *ret = strdup(json_string_value(value));
        else if (value)
                *ret = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        else
                error = client_error_set(&r->error, -EPROTO, "the reply to %s has no %s", method, member);
        wire_reply_clear(&reply);
        if (error == 0 && !*ret)
                return client_failed(&r->error, r->path, -ENOMEM);
        return error;
}

int reeve_call(reeve *r, const char *method, const char *parameters, char **ret_json) {
        _cleanup_free_ char *compact = NULL;
        json_t *checked;

        client_error_clear(&r->error);
        if (!method || !ret_json || !name_valid(method))
                return client_error_set(&r->error, -EINVAL, "a method is a name with dots");
        if (parameters) {
                checked = json_loads(parameters, JSON_REJECT_DUPLICATES, NULL);
                compact = json_is_object(checked) ? json_dumps(checked, JSON_COMPACT) : NULL;
                json_decref(checked);
                if (!compact)
                        return client_error_set(&r->error, -EINVAL, "parameters are a JSON object");
        }
        return client_call_text(r, method, compact, NULL, ret_json);
}
