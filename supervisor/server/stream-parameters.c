#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/server/parameters.h"
#include "supervisor/server/stream-private.h"
#include "supervisor/text/human.h"

/* Words to bits. false: no list of known words. */
static bool types_parse(json_t *types, uint32_t *ret) {
        *ret = 0;
        if (!types || json_is_null(types))
                return true;
        if (!json_is_array(types))
                return false;
        for (size_t i = 0; i < json_array_size(types); i++) {
                const char *word = json_string_value(json_array_get(types, i));
                int type = word ? reeve_record_type_from_string(word) : -1;

                if (type < 0)
                        return false;
                *ret |= UINT32_C(1) << type;
        }
        return true;
}

/* "@SECONDS" or RFC 3339, to usec since 1970; 0 where it is absent. */
static bool time_parameter(json_t *parameters, const char *name, uint64_t *ret) {
        const char *text;
        char *end;
        double seconds;
        int64_t usec;

        *ret = 0;
        if (!parameter_text(parameters, name, &text))
                return false;
        if (!text)
                return true;
        if (text[0] == '@') {
                seconds = strtod(text + 1, &end);
                if (end == text + 1 || *end || !(seconds >= 0 && seconds < 1e11))
                        return false;
                *ret = (uint64_t) (seconds * 1e6);
                return true;
        }
        if (human_rfc3339_parse(text, &usec) < 0 || usec < 0)
                return false;
        *ret = (uint64_t) usec;
        return true;
}

/* What is no cgroup any more may be one of the records: a unit that was stopped, a container that is gone. */
static int named_parse(Stream *t, const char *name) {
        t->named = strdup(name);
        t->filter.named = t->named;
        return t->named ? 0 : -ENOMEM;
}

/* The cgroup as records spell it. Returns 0, -EINVAL, -ENOENT or -ENOTUNIQ with what to say in @t->cgroup, -ENOMEM. */
static int cgroup_parse(Stream *t, const char *name) {
        const ServerOptions *o = &t->server->options;
        char path[8192] = "";
        int r;

        if (!name)
                return 0;
        if (o->ops->resolve) {
                r = o->ops->resolve(name, path, sizeof(path), o->userdata);
                if (r == -ENOENT && !strchr(name, ':'))
                        return named_parse(t, name);
                if (r == -ENOENT || r == -ENOTUNIQ)
                        t->cgroup = strdup(path);
                if (r < 0)
                        return r;
                name = path;
        }
        if (name[0] != '/')
                return -EINVAL;
        /* All concern the root: no filter says the same, and shows what has no path too. */
        if (strspn(name, "/") == strlen(name))
                return 0;
        t->cgroup = strdup(name);
        t->filter.cgroup = t->cgroup;
        return t->cgroup ? 0 : -ENOMEM;
}

const char *stream_parameters(Stream *t, json_t *p, int *ret_error) {
        const char *after, *cgroup;
        uint64_t limit;

        *ret_error = -EINVAL;
        if (!types_parse(json_object_get(p, "types"), &t->filter.types))
                return "types";
        if (!time_parameter(p, "since", &t->filter.since_usec))
                return "since";
        if (!time_parameter(p, "until", &t->filter.until_usec))
                return "until";
        if (!parameter_number(p, "limit", &limit))
                return "limit";
        if (!parameter_bool(p, "follow", &t->follow))
                return "follow";
        if (!parameter_text(p, "cgroup", &cgroup))
                return "cgroup";
        if (!parameter_text(p, "after", &after))
                return "after";
        *ret_error = cgroup_parse(t, cgroup);
        if (*ret_error < 0)
                return "cgroup";
        *ret_error = after ? ledger_cursor_parse(after, clerk_ledger_id(t->server->options.clerk), &t->cursor) : 0;
        if (*ret_error < 0)
                return "after";
        t->from_cursor = after != NULL;
        t->filter.newest = limit > 0 && !after;
        /* A follower's limit is of what was before; with a cursor he wants all behind it. */
        t->bounded = limit > 0 && !(t->follow && after);
        t->left = limit;
        return NULL;
}
