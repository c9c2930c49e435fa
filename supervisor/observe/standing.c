/* How cgroups stand to their limits: one in full, and the five nearest. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "supervisor/base/fd.h"
#include "supervisor/observe/facts.h"
#include "supervisor/observe/looks.h"

enum { NEAREST = 5, LEVELS_MAX = 64 };

static void limits_json(int fd, const Sample *s, json_t *o, json_t *unlimited) {
        json_t *limits = json_object();
        int64_t group;

        facts_limit(limits, "min_bytes", s->min, "limits", unlimited);
        facts_limit(limits, "low_bytes", s->low, "limits", unlimited);
        facts_limit(limits, "high_bytes", s->high, "limits", unlimited);
        facts_limit(limits, "max_bytes", s->max, "limits", unlimited);
        facts_limit(limits, "swap_max_bytes", s->swap_max, "limits", unlimited);
        json_object_set_new(limits, "oom_group",
                            cgroupfs_read_number(fd, "memory.oom.group", &group) < 0 ? json_null() : json_boolean(group != 0));
        json_object_set_new(o, "limits", limits);
}

static void effective_json(const Cgroupfs *fs, const char *path, json_t *o, json_t *unlimited) {
        char name[4096];
        int64_t bytes;
        uint64_t id = 0;
        size_t n;
        int r = sample_effective(fs, path, &bytes, &n);

        json_object_set_new(o, "effective_bytes", r > 0 ? json_integer(bytes) : json_null());
        json_object_set_new(o, "effective_cgroup", json_null());
        if (r == 0)
                json_array_append_new(unlimited, json_string("effective_bytes"));
        if (r <= 0 || n >= sizeof(name))
                return;
        memcpy(name, path, n);
        name[n] = '\0';
        _cleanup_close_ int fd = cgroupfs_open_path(fs, name);
        if (fd >= 0 && cgroupfs_id(fd, &id) == 0)
                json_object_set_new(o, "effective_cgroup", facts_cgroup(fs, fd, id));
}

static void counters_json(int fd, json_t *o) {
        char text[256];
        MemoryEvents events;
        CgroupEvents cgroup;
        ssize_t n;

        if (sample_events(fd, "memory.events", &events) == 0)
                json_object_set_new(o, "counters", facts_events(&events));
        if (sample_events(fd, "memory.events.local", &events) == 0)
                json_object_set_new(o, "counters_local", facts_events(&events));
        n = cgroupfs_read(fd, "cgroup.events", text, sizeof(text));
        cgroup_events_parse(&cgroup, text, n < 0 ? 0 : (size_t) n);
        json_object_set_new(o, "populated", cgroup.populated < 0 ? json_null() : json_boolean(cgroup.populated));
        json_object_set_new(o, "frozen", cgroup.frozen < 0 ? json_null() : json_boolean(cgroup.frozen));
}

void look_status(const Looking *l, const EyesRequest *r, EyesAnswer *a) {
        _cleanup_close_ int fd = cgroupfs_open_sure(l->fs, r->cgroup_id, r->path);
        json_t *o, *unlimited;
        char path[4096];
        struct stat st;
        Sample s;

        if (fd < 0 || fstat(fd, &st) < 0) {
                a->error = fd < 0 ? fd : -ENODEV;
                return;
        }
        a->has_owner = true;
        a->owner = st.st_uid;
        o = json_object();
        unlimited = json_array();
        (void) sample_read(fd, &s);
        json_object_set_new(o, "cgroup", facts_cgroup(l->fs, fd, r->cgroup_id));
        json_object_set_new(o, "owner_uid", json_integer(st.st_uid));
        json_object_set_new(o, "memory", facts_memory(&s, "memory", unlimited));
        limits_json(fd, &s, o, unlimited);
        if (cgroupfs_path(l->fs, fd, path, sizeof(path)) > 0) {
                effective_json(l->fs, path, o, unlimited);
                json_object_set_new(o, "ancestors", facts_ancestors(l->fs, path, "ancestors", unlimited));
        }
        counters_json(fd, o);
        json_object_set_new(o, "pressure", facts_pressure(fd));
        json_object_set_new(o, "contributors", facts_contributors(l->fs, fd, l->ahead));
        json_object_set_new(o, "unlimited", unlimited);
        a->text = json_dumps(o, JSON_COMPACT);
        a->error = a->text ? 0 : -ENOMEM;
        json_decref(o);
}

/* One of the nearest: by the share of its limit that cannot be reclaimed. */
typedef struct Near {
        double share;
        uint64_t id, limit_id;
        int64_t unreclaimable, current, limit;
        json_t *cgroup, *limit_cgroup;
} Near;

typedef struct Search {
        const Cgroupfs *fs;
        int dirfd;
        size_t level;
        int64_t limit;                  /* the least memory.max above, KERNFILE_MAX: none */
        json_t *limit_cgroup;
        Near near[NEAREST];
        size_t n;
} Search;

static void drop(Near *n) {
        json_decref(n->cgroup);
        json_decref(n->limit_cgroup);
}

static void keep(Search *s, const Near *near) {
        size_t i;

        for (i = 0; i < s->n && s->near[i].share >= near->share; i++)
                ;
        if (i == NEAREST) {
                Near refused = *near;

                drop(&refused);
                return;
        }
        if (s->n == NEAREST)
                drop(&s->near[--s->n]);
        memmove(&s->near[i + 1], &s->near[i], (s->n - i) * sizeof(*near));
        s->near[i] = *near;
        s->n++;
}

/* Only cgroups with a limit of their own are weighed: what lies below one holds no more than it and has the same limit. */
static void weigh(Search *s, int fd, uint64_t id, int64_t max) {
        Near near = { .id = id, .limit = max < s->limit ? max : s->limit };
        Sample now;

        if (sample_read(fd, &now) < 0 || now.unreclaimable < 0 || near.limit <= 0)
                return;
        near.unreclaimable = now.unreclaimable;
        near.current = now.current;
        near.share = (double) now.unreclaimable / (double) near.limit;
        near.cgroup = facts_cgroup(s->fs, fd, id);
        near.limit_cgroup = max <= s->limit ? json_incref(near.cgroup) : json_incref(s->limit_cgroup);
        keep(s, &near);
}

static int search(void *userdata, const char *name, uint64_t id) {
        Search *s = userdata;
        Search above = *s;
        _cleanup_close_ int fd = openat(s->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        json_t *mine = NULL;
        int64_t max;

        if (fd < 0 || s->level >= LEVELS_MAX)
                return 0;
        if (cgroupfs_read_number(fd, "memory.max", &max) < 0)
                return 0;       /* no memory controller from here down */
        if (max != KERNFILE_MAX)
                weigh(s, fd, id, max);
        if (max < s->limit) {
                mine = facts_cgroup(s->fs, fd, id);
                s->limit = max;
                s->limit_cgroup = mine;
        }
        s->dirfd = fd;
        s->level++;
        (void) cgroupfs_children(fd, search, s);
        s->dirfd = above.dirfd;
        s->level = above.level;
        s->limit = above.limit;
        s->limit_cgroup = above.limit_cgroup;
        json_decref(mine);
        return 0;
}

void look_nearest(const Looking *l, const EyesRequest *r, EyesAnswer *a) {
        Search s = { .fs = l->fs, .dirfd = l->fs->root_fd, .limit = KERNFILE_MAX };
        json_t *list = json_array();

        (void) r;
        (void) cgroupfs_children(l->fs->root_fd, search, &s);
        for (size_t i = 0; i < s.n; i++) {
                json_t *o = json_object();

                json_object_set(o, "cgroup", s.near[i].cgroup);
                json_object_set_new(o, "unreclaimable_bytes", facts_number(s.near[i].unreclaimable));
                json_object_set_new(o, "current_bytes", facts_number(s.near[i].current));
                json_object_set_new(o, "effective_bytes", json_integer(s.near[i].limit));
                json_object_set(o, "effective_cgroup", s.near[i].limit_cgroup);
                json_object_set_new(o, "unreclaimable_ratio", json_real(s.near[i].share));
                json_array_append_new(list, o);
                drop(&s.near[i]);
        }
        a->text = json_dumps(list, JSON_COMPACT);
        a->error = a->text ? 0 : -ENOMEM;
        json_decref(list);
}
