#include "supervisor/observe/aftermath.h"

#include <string.h>

#include "supervisor/text/escape.h"

enum { CONTRIBUTORS_LISTED = 10 };

static int64_t positive(int64_t bytes) {
        return bytes > 0 ? bytes : 0;
}

void aftermath_keep(Aftermaths *a, uint64_t seq, const Kill *kill, const MemoryEvents *before) {
        Aftermath *m = &a->kept[a->next++ % AFTERMATH_KEPT];

        *m = (Aftermath) { .seq = seq, .host = kill->scope == REEVE_SCOPE_HOST, .limit_id = kill->limit.id,
                           .limit_current_bytes = kill->limit_current_bytes, .has_before = before != NULL };
        if (before)
                m->before = *before;
        for (size_t i = 0; i < kill->n_victims && i < AFTERMATH_VICTIMS_MAX; i++)
                m->victims[m->n_victims++] = (AftermathVictim) {
                        .cgroup_id = kill->victims[i].cgroup.id,
                        .anon_bytes = positive(kill->victims[i].anon_bytes),
                        .file_bytes = positive(kill->victims[i].file_bytes),
                        .shmem_bytes = positive(kill->victims[i].shmem_bytes),
                };
}

/* The child of the limit's cgroup (host: of the root) on the way down to @id; 0 where the way is not known. */
static uint64_t child_above(const Aftermath *m, const Tree *tree, uint64_t id) {
        TreeGroup group;

        while (id && tree_get(tree, id, &group)) {
                if (m->host ? group.level == 1 : group.parent_id == m->limit_id)
                        return id;
                id = group.parent_id;
        }
        return 0;
}

/* Only private memory surely goes with its process; file pages and tmpfs stay charged. */
static int64_t held(const Aftermath *m) {
        int64_t sum = 0;

        for (size_t i = 0; i < m->n_victims; i++)
                sum += m->victims[i].anon_bytes;
        return sum;
}

/* How much of what the dead held was gone already when the eye looked: by the fall of the limit's own counter. Negative:
 * there is no counter to tell by (the host, a limit removed meanwhile). */
static double gone_share(const Aftermath *m, const json_t *details) {
        const json_t *now = json_object_get(json_object_get(details, "limit_memory"), "current_bytes");
        int64_t fallen, sum = held(m);

        if (m->host || m->limit_current_bytes == KILL_UNKNOWN || !json_is_integer(now))
                return -1;
        fallen = positive(m->limit_current_bytes - json_integer_value(now));
        return sum == 0 ? 0 : fallen >= sum ? 1 : (double) fallen / (double) sum;
}

static json_t *find_contributor(json_t *list, uint64_t id) {
        json_t *one;
        size_t i;

        json_array_foreach(list, i, one)
                if ((uint64_t) json_integer_value(json_object_get(json_object_get(one, "cgroup"), "id")) == id)
                        return one;
        return NULL;
}

static json_t *path_json(const char *path) {
        char text[4352];
        Strbuf out = STRBUF_INIT(text);

        if (!path)
                return json_null();
        escape_text(&out, path);
        return out.truncated ? json_null() : json_string(text);
}

/* How much of the limit the others left to @child at the kill: KILL_UNKNOWN where not all of them are in the list. */
static int64_t room_of(const Aftermath *m, json_t *list, uint64_t child) {
        int64_t others = 0;
        json_t *one;
        size_t i;

        if (m->host || m->limit_current_bytes == KILL_UNKNOWN || json_array_size(list) >= CONTRIBUTORS_LISTED)
                return KILL_UNKNOWN;
        json_array_foreach(list, i, one)
                if ((uint64_t) json_integer_value(json_object_get(json_object_get(one, "cgroup"), "id")) != child)
                        others += json_integer_value(json_object_get(one, "current_bytes"));
        return positive(m->limit_current_bytes - others);
}

/* What @child has now and what its dead held may overlap: they were read while they died. Never more than the others left it, as
 * far as that is known, else by the @share that was gone of the limit; without either, whichever is more. */
static int64_t had(int64_t now, int64_t held_bytes, int64_t room, double share) {
        int64_t sum = now + held_bytes;

        if (room != KILL_UNKNOWN)
                return sum < room ? sum : now > room ? now : room;
        if (share >= 0)
                return now + (int64_t) ((double) held_bytes * share);
        return now > held_bytes ? now : held_bytes;
}

static void give_back(const Aftermath *m, json_t *list, uint64_t child, int64_t held_bytes, double share, const char *path) {
        json_t *one = find_contributor(list, child);
        /* One that is not in the list, being removed or without a counter of its own, has nothing left counted to it. */
        int64_t bytes = had(json_integer_value(json_object_get(one, "current_bytes")), held_bytes, room_of(m, list, child), one ? share : 1);

        if (held_bytes == 0 || bytes == 0)
                return;
        if (one)
                (void) json_object_set_new(one, "current_bytes", json_integer(bytes));
        else
                (void) json_array_append_new(list, json_pack("{s:{s:o, s:I}, s:I, s:n, s:n}", "cgroup", "path", path_json(path),
                                                             "id", (json_int_t) child, "current_bytes", (json_int_t) bytes,
                                                             "unreclaimable_bytes", "growth_bytes"));
}

/* Largest first; ten at most, so insertion is enough. */
static void sort_contributors(json_t *list) {
        for (size_t i = 1; i < json_array_size(list); i++)
                for (size_t k = i; k > 0; k--) {
                        json_t *a = json_incref(json_array_get(list, k - 1)), *b = json_incref(json_array_get(list, k));
                        bool wrong = json_integer_value(json_object_get(a, "current_bytes")) <
                                     json_integer_value(json_object_get(b, "current_bytes"));

                        if (wrong) {
                                (void) json_array_set(list, k - 1, b);
                                (void) json_array_set(list, k, a);
                        }
                        json_decref(a);
                        json_decref(b);
                }
        while (json_array_size(list) > CONTRIBUTORS_LISTED)
                (void) json_array_remove(list, json_array_size(list) - 1);
}

static void complete_contributors(const Aftermath *m, json_t *details, double share, const Tree *tree,
                                  const char *(*path)(void *, uint64_t), void *userdata) {
        json_t *list = json_object_get(details, "contributors");

        if (!list && m->n_victims > 0 && (m->host || m->limit_id))
                (void) json_object_set_new(details, "contributors", list = json_array());
        for (size_t i = 0; i < m->n_victims; i++) {
                uint64_t child = child_above(m, tree, m->victims[i].cgroup_id);
                int64_t bytes = 0;
                size_t first = m->n_victims;

                for (size_t k = 0; child && k < m->n_victims; k++)
                        if (child_above(m, tree, m->victims[k].cgroup_id) == child) {
                                first = first < k ? first : k;
                                bytes += m->victims[k].anon_bytes;
                        }
                /* Once for all of its victims. */
                if (first == i)
                        give_back(m, list, child, bytes, share, path(userdata, child));
        }
        sort_contributors(list);
}

/* Never above @whole: memory.stat is flushed every 2 s only, and may still count what memory.current no longer does. */
static void add_bytes(json_t *memory, const char *key, int64_t bytes, int64_t whole) {
        json_t *now = json_object_get(memory, key);
        int64_t sum = json_integer_value(now) + bytes;

        if (json_is_integer(now))
                (void) json_object_set_new(memory, key, json_integer(sum < whole ? sum : whole));
}

static void complete_memory(const Aftermath *m, json_t *details, double share) {
        json_t *limit = json_object_get(details, "limit_memory"), *own = json_object_get(details, "memory");
        int64_t anon = (int64_t) ((double) held(m) * share);

        if (share < 0)
                return;
        add_bytes(limit, "anon_bytes", anon, m->limit_current_bytes);
        add_bytes(limit, "unreclaimable_bytes", anon, m->limit_current_bytes);
        anon = 0;
        for (size_t i = 0; i < m->n_victims; i++)
                if (m->victims[i].cgroup_id == m->victims[0].cgroup_id)
                        anon += (int64_t) ((double) m->victims[i].anon_bytes * share);
        add_bytes(own, "anon_bytes", anon, m->limit_current_bytes);
        add_bytes(own, "unreclaimable_bytes", anon, m->limit_current_bytes);
        if (m->limit_id != m->victims[0].cgroup_id)
                add_bytes(own, "current_bytes", anon, m->limit_current_bytes);  /* its own limit's counter came with the kill, and holds it */
}

static json_t *number(int64_t value) {
        return value < 0 ? json_null() : json_integer(value);
}

static void add_before(const Aftermath *m, json_t *details) {
        json_t *counters = json_object_get(details, "counters");

        if (!m->has_before)
                return;
        if (!counters)
                (void) json_object_set_new(details, "counters", counters = json_object());
        (void) json_object_set_new(counters, "before",
                                   json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "low", number(m->before.low), "high",
                                             number(m->before.high), "max", number(m->before.max), "oom", number(m->before.oom),
                                             "oom_kill", number(m->before.oom_kill), "oom_group_kill",
                                             number(m->before.oom_group_kill)));
}

void aftermath_complete(Aftermaths *a, uint64_t seq, json_t *details, const Tree *tree,
                        const char *(*path)(void *userdata, uint64_t cgroup_id), void *userdata) {
        for (size_t i = 0; i < AFTERMATH_KEPT; i++) {
                Aftermath *m = &a->kept[i];
                double share;

                if (m->seq != seq)
                        continue;
                share = gone_share(m, details);
                if (m->n_victims > 0) {
                        complete_contributors(m, details, share, tree, path, userdata);
                        complete_memory(m, details, share);
                }
                add_before(m, details);
                m->seq = 0;
                return;
        }
}
