#include "supervisor/ctl/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/ctl/print.h"

int session_fail(int error, const char *text, const char *what) {
        const char *words = text && *text ? text : strerror(-error);

        (void) fputs("reevectl: ", stderr);
        if (error == -ECONNREFUSED || error == -ECONNRESET)
                (void) fputs("reeved does not answer: ", stderr);
        /* The daemon's words name what was not found, and where there are several, which. */
        if (error == -ENOENT && what && strncmp(words, "not found: ", 11) == 0) {
                (void) fprintf(stderr, strcmp(words + 11, what) == 0 ? "no such cgroup or record: " : "");
                words += 11;
        }
        print_name(stderr, words);
        (void) fputc('\n', stderr);
        switch (error) {
        case -ECONNREFUSED:
        case -ECONNRESET:
                (void) fputs("Start it with 'systemctl start reeved'; 'reevectl doctor' works without it.\n", stderr);
                return CTL_NO_DAEMON;
        case -EACCES:
        case -EPERM: return CTL_NOT_ALLOWED;
        case -ENOENT: return CTL_NOT_FOUND;
        default: return CTL_FAILED;
        }
}

int session_call_fail(const reeve *r, int error, const char *what) {
        const char *parameters = reeve_error_parameters(r);

        if (error == -EBADMSG && parameters) {
                json_auto_t *p = json_loads(parameters, 0, NULL);
                const json_t *one;
                size_t i;

                (void) fprintf(stderr, "reevectl: the configuration was refused, the one before stays:\n");
                json_array_foreach(json_object_get(p, "complaints"), i, one)
                        if (json_is_string(one)) {
                                (void) fputs("  ", stderr);
                                print_name(stderr, json_string_value(one));
                                (void) fputc('\n', stderr);
                        }
                return CTL_FAILED;
        }
        return session_fail(error, reeve_error_text(r), what);
}

int session_open(reeve **ret, const CtlContext *c) {
        int error = reeve_connect(ret, c->socket_path);

        if (error == 0)
                return CTL_DONE;
        /* A socket that is not there and one where nobody listens are the same thing to whoever asks: no daemon. */
        if (error == -ENOENT)
                error = -ECONNREFUSED;
        return session_fail(error, c->socket_path ? c->socket_path : "nothing listens at /run/reeve/reeve.sock", NULL);
}

json_t *session_json(char *text) {
        json_t *j = text ? json_loads(text, 0, NULL) : NULL;

        free(text);
        return j;
}

int session_status(reeve *r, const char *cgroup, json_t **ret) {
        char *text = NULL;
        int error = reeve_status(r, cgroup, &text);

        if (error < 0)
                return session_call_fail(r, error, cgroup);

        json_t *status = session_json(text);

        if (!status)
                return session_fail(-EPROTO, NULL, cgroup);
        *ret = status;
        return CTL_DONE;
}

int session_cgroup(reeve *r, const char *word, SessionBy by, char room[static SESSION_NAME_SIZE], const char **ret) {
        json_auto_t *status = NULL;
        const json_t *cgroup;
        const char *path;
        int e;

        *ret = word;
        if (!word || strncmp(word, "pid:", 4) != 0)
                return CTL_DONE;
        e = session_status(r, word, &status);
        if (e != CTL_DONE)
                return e;
        cgroup = json_object_get(status, "cgroup");
        path = json_string_value(json_object_get(cgroup, "path"));
        if (by == SESSION_BY_PATH && path && strlen(path) < SESSION_NAME_SIZE)
                (void) snprintf(room, SESSION_NAME_SIZE, "%s", path);
        else
                (void) snprintf(room, SESSION_NAME_SIZE, "id:%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(cgroup, "id")));
        *ret = room;
        return CTL_DONE;
}
