#include "supervisor/text/join.h"

#include <stdbool.h>
#include <string.h>

/* What says who and when a record is; a `more` has its own. */
static bool is_common(const char *key) {
        static const char *const keys[] = { "schema", "seq", "id", "type", "time", "recorded_time", "boottime_usec", "boot_id",
                                            "machine_id", "hostname", "configuration", "of", "key" };

        for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
                if (strcmp(key, keys[i]) == 0)
                        return true;
        return false;
}

static bool is_list_of_words(const char *key) {
        return strcmp(key, "sources") == 0 || strcmp(key, "unlimited") == 0;
}

static bool may_become_true(const char *key) {
        return strcmp(key, "victims_complete") == 0 || strcmp(key, "processes_complete") == 0;
}

static int unite(json_t *into, json_t *from) {
        size_t i, j;
        json_t *word, *have;

        json_array_foreach(from, i, word) {
                bool known = false;

                json_array_foreach(into, j, have)
                        known = known || json_equal(have, word);
                if (!known && json_array_append(into, word) < 0)
                        return -1;
        }
        return 0;
}

static int merge_object(json_t *into, json_t *from, bool top, unsigned depth);

/* pid and, where both know it, start name a process. */
static bool same_process(const json_t *a, const json_t *b) {
        const json_t *a_start = json_object_get(a, "start_usec"), *b_start = json_object_get(b, "start_usec");

        if (!json_is_integer(json_object_get(a, "pid")) || !json_equal(json_object_get(a, "pid"), json_object_get(b, "pid")))
                return false;
        return !json_is_integer(a_start) || !json_is_integer(b_start) || json_equal(a_start, b_start);
}

/* A victim's cgroup is absent where it is the record's own: then it is known, and not to be filled in. */
static int merge_victim(json_t *into, json_t *from, unsigned depth) {
        json_t *rest;
        int r;

        if (json_object_get(into, "cgroup"))
                return merge_object(into, from, false, depth);
        rest = json_copy(from);
        if (!rest)
                return -1;
        (void) json_object_del(rest, "cgroup");
        r = merge_object(into, rest, false, depth);
        json_decref(rest);
        return r;
}

static int merge_victims(json_t *into, json_t *from, bool complete, unsigned depth) {
        size_t i, j;
        json_t *victim, *have;

        json_array_foreach(from, i, victim) {
                bool found = false;

                if (!json_is_object(victim))
                        continue;
                json_array_foreach(into, j, have)
                        if (json_is_object(have) && same_process(have, victim)) {
                                if (merge_victim(have, victim, depth) < 0)
                                        return -1;
                                found = true;
                                break;
                        }
                if (!found && !complete && json_array_append_new(into, json_deep_copy(victim)) < 0)
                        return -1;
        }
        return 0;
}

static bool is_empty(const json_t *value) {
        return !value || json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0);
}

static int merge_member(json_t *into, const char *key, json_t *from, bool top, unsigned depth) {
        json_t *have = json_object_get(into, key);

        if (is_empty(have))
                return json_is_null(from) && have ? 0 : json_object_set_new(into, key, json_deep_copy(from));
        if (json_is_object(have) && json_is_object(from))
                return merge_object(have, from, false, depth);
        if (!top || !json_is_array(have) || !json_is_array(from))
                return top && may_become_true(key) && json_is_true(from) ? json_object_set(into, key, from) : 0;
        if (is_list_of_words(key))
                return unite(have, from);
        if (strcmp(key, "victims") == 0)
                return merge_victims(have, from, json_is_true(json_object_get(into, "victims_complete")), depth);
        return 0;
}

static int merge_object(json_t *into, json_t *from, bool top, unsigned depth) {
        enum { DEPTH_MAX = 32 };        /* records are four deep; what is deeper came from no writer of ours */
        const char *key;
        json_t *value;

        if (depth > DEPTH_MAX)
                return 0;
        json_object_foreach(from, key, value) {
                if (top && is_common(key))
                        continue;
                if (merge_member(into, key, value, top, depth + 1) < 0)
                        return -1;
        }
        return 0;
}

json_t *join_records(const json_t *base, const json_t *const more[], size_t n_more) {
        json_t *joined = json_deep_copy(base);
        const json_t *id;

        if (!json_is_object(joined))
                return joined;
        id = json_object_get(joined, "id");
        for (size_t i = 0; i < n_more; i++) {
                json_t *from;
                int r;

                if (!json_is_object(more[i]) || !json_is_string(id) || !json_equal(json_object_get(more[i], "of"), id))
                        continue;
                from = json_deep_copy(more[i]);
                r = from ? merge_object(joined, from, /* top= */ true, 0) : -1;
                json_decref(from);
                if (r < 0) {
                        json_decref(joined);
                        return NULL;
                }
        }
        return joined;
}
