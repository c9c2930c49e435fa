#include "supervisor/text/facts.h"

#include <errno.h>
#include <string.h>

#include "policies/path.h"

static void place_add(Facts *f, json_t *cgroup) {
        const char *path = json_string_value(json_object_get(cgroup, "path"));
        json_int_t id = json_integer_value(json_object_get(cgroup, "id"));

        if ((!path && id <= 0) || f->n_places == FACTS_PLACES_MAX)
                return;
        for (size_t i = 0; i < f->n_places; i++) {
                const RecordPlace *p = &f->places[i];

                if (p->id == (uint64_t) id && (p->path == path || (p->path && path && strcmp(p->path, path) == 0)))
                        return;
        }
        f->places[f->n_places++] = (RecordPlace) { .path = path, .id = id > 0 ? (uint64_t) id : 0 };
}

static void uid_add(Facts *f, json_t *uid) {
        json_int_t v = json_integer_value(uid);

        if (!json_is_integer(uid) || v < 0 || v > UINT32_MAX || f->n_uids == FACTS_UIDS_MAX ||
            facts_have_uid(f, (uint32_t) v))
                return;
        f->uids[f->n_uids++] = (uint32_t) v;
}

static void victims_add(Facts *f, json_t *victims) {
        for (size_t i = 0; i < json_array_size(victims); i++) {
                json_t *victim = json_array_get(victims, i);

                uid_add(f, json_object_get(victim, "uid"));
                place_add(f, json_object_get(victim, "cgroup"));
        }
}

int facts_parse(Facts *ret, const char *json, size_t length) {
        json_t *root = json_loadb(json, length, 0, NULL);

        if (!json_is_object(root)) {
                json_decref(root);
                return -EBADMSG;
        }
        *ret = (Facts) { .root = root };
        ret->boot_id = json_string_value(json_object_get(root, "boot_id"));
        ret->key = json_string_value(json_object_get(root, "key"));
        place_add(ret, json_object_get(root, "cgroup"));
        place_add(ret, json_object_get(root, "limit_cgroup"));
        place_add(ret, json_object_get(root, "kill_cgroup"));
        victims_add(ret, json_object_get(root, "victims"));
        uid_add(ret, json_object_get(json_object_get(root, "victim"), "uid"));
        place_add(ret, json_object_get(json_object_get(root, "victim"), "cgroup"));
        /* A verdict's is a cgroup. Its owner is no reader for that: the candidates beside it are other people's. */
        place_add(ret, json_object_get(root, "victim"));
        return 0;
}

void facts_clear(Facts *f) {
        json_decref(f->root);
        f->root = NULL;
        f->boot_id = f->key = NULL;
        f->n_places = f->n_uids = 0;
}

bool facts_concern(const Facts *f, const char *path) {
        for (size_t i = 0; i < f->n_places; i++)
                if (f->places[i].path && path_is_below(f->places[i].path, path))
                        return true;
        return false;
}

bool facts_have_uid(const Facts *f, uint32_t uid) {
        for (size_t i = 0; i < f->n_uids; i++)
                if (f->uids[i] == uid)
                        return true;
        return false;
}

static bool victim_is(json_t *victim, int64_t pid, uint64_t start_usec) {
        json_t *start = json_object_get(victim, "start_usec"), *his = json_object_get(victim, "pid");

        return json_is_integer(his) && json_integer_value(his) == pid &&
               (!start_usec || !json_is_integer(start) ||
                (uint64_t) json_integer_value(start) / FACTS_TICK_USEC == start_usec / FACTS_TICK_USEC);
}

bool facts_have_victim(const Facts *f, int64_t pid, uint64_t start_usec) {
        json_t *victims = json_object_get(f->root, "victims");

        for (size_t i = 0; i < json_array_size(victims); i++)
                if (victim_is(json_array_get(victims, i), pid, start_usec))
                        return true;
        return victim_is(json_object_get(f->root, "victim"), pid, start_usec);
}
