#include "supervisor/observe/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/host/readfile.h"
#include "supervisor/text/escape.h"

enum { CONTRIBUTORS = 10, CHILDREN_MAX = 16384 };

json_t *facts_text(const char *bytes, size_t length) {
        size_t size = length * 4 + 1;
        _cleanup_free_ char *room = malloc(size);
        Strbuf b = { .data = room, .size = size };

        if (!room)
                return NULL;
        room[0] = '\0';
        escape_bytes(&b, bytes, length);
        return json_stringn(b.data, b.length);
}

json_t *facts_number(int64_t value) {
        return value == KERNFILE_UNKNOWN || value == KERNFILE_MAX ? json_null() : json_integer(value);
}

json_t *facts_cgroup(const Cgroupfs *fs, int dirfd, uint64_t id) {
        char path[4096];
        json_t *cgroup = json_object();
        int n = dirfd < 0 ? -ENODEV : cgroupfs_path(fs, dirfd, path, sizeof(path));

        json_object_set_new(cgroup, "path", n < 0 ? json_null() : facts_text(path, (size_t) n));
        json_object_set_new(cgroup, "id", json_integer((json_int_t) id));
        return cgroup;
}

void facts_limit(json_t *object, const char *key, int64_t value, const char *prefix, json_t *unlimited) {
        char name[128];

        json_object_set_new(object, key, facts_number(value));
        if (value != KERNFILE_MAX || !unlimited)
                return;
        snprintf(name, sizeof(name), "%s.%s", prefix, key);
        json_array_append_new(unlimited, json_string(name));
}

json_t *facts_memory(const Sample *s, const char *prefix, json_t *unlimited) {
        json_t *m = json_object();

        json_object_set_new(m, "current_bytes", facts_number(s->current));
        json_object_set_new(m, "peak_bytes", facts_number(s->peak));
        facts_limit(m, "high_bytes", s->high, prefix, unlimited);
        facts_limit(m, "max_bytes", s->max, prefix, unlimited);
        json_object_set_new(m, "swap_bytes", facts_number(s->swap));
        json_object_set_new(m, "anon_bytes", facts_number(s->stat.anon));
        json_object_set_new(m, "file_bytes", facts_number(s->stat.file));
        json_object_set_new(m, "shmem_bytes", facts_number(s->stat.shmem));
        json_object_set_new(m, "kernel_bytes", facts_number(s->stat.kernel));
        json_object_set_new(m, "unevictable_bytes", facts_number(s->stat.unevictable));
        json_object_set_new(m, "unreclaimable_bytes", facts_number(s->unreclaimable));
        return m;
}

json_t *facts_events(const MemoryEvents *e) {
        json_t *o = json_object();

        json_object_set_new(o, "low", facts_number(e->low));
        json_object_set_new(o, "high", facts_number(e->high));
        json_object_set_new(o, "max", facts_number(e->max));
        json_object_set_new(o, "oom", facts_number(e->oom));
        json_object_set_new(o, "oom_kill", facts_number(e->oom_kill));
        json_object_set_new(o, "oom_group_kill", facts_number(e->oom_group_kill));
        return o;
}

json_t *facts_pressure(int dirfd) {
        char text[512];
        Pressure p;
        json_t *o;
        ssize_t n;

        if (dirfd < 0)
                n = readfile_path("/proc/pressure/memory", text, sizeof(text));
        else
                n = cgroupfs_read(dirfd, "memory.pressure", text, sizeof(text));
        if (n < 0)      /* psi=0 gives EOPNOTSUPP */
                return json_null();
        pressure_parse(&p, text, (size_t) n);
        o = json_object();
        json_object_set_new(o, "some_avg10_ratio", p.some.avg10 < 0 ? json_null() : json_real(p.some.avg10));
        json_object_set_new(o, "full_avg10_ratio", p.full.avg10 < 0 ? json_null() : json_real(p.full.avg10));
        return o;
}

static int64_t number(int dirfd, const char *file) {
        int64_t value;

        return cgroupfs_read_number(dirfd, file, &value) < 0 ? KERNFILE_UNKNOWN : value;
}

json_t *facts_ancestors(const Cgroupfs *fs, const char *path, const char *prefix, json_t *unlimited) {
        json_t *list = json_array();
        char name[4096], at[160];
        size_t n = 0;

        while (*path == '/' && path[n] && n < sizeof(name) - 1) {
                _cleanup_close_ int fd = -1;
                uint64_t id = 0;
                json_t *one;

                n += 1 + strcspn(path + n + 1, "/");
                if (n == 1 || n >= sizeof(name))
                        break;
                memcpy(name, path, n);
                name[n] = '\0';
                fd = cgroupfs_open_path(fs, name);
                if (fd < 0 || cgroupfs_id(fd, &id) < 0)
                        break;
                one = json_object();
                snprintf(at, sizeof(at), "%s[%zu]", prefix, json_array_size(list));
                json_object_set_new(one, "cgroup", facts_cgroup(fs, fd, id));
                json_object_set_new(one, "current_bytes", facts_number(number(fd, "memory.current")));
                facts_limit(one, "high_bytes", number(fd, "memory.high"), at, unlimited);
                facts_limit(one, "max_bytes", number(fd, "memory.max"), at, unlimited);
                json_array_append_new(list, one);
        }
        return list;
}

/* The largest children met so far, largest first. */
typedef struct Largest {
        int dirfd;
        Ahead *ahead;
        uint64_t now_nsec;
        size_t seen, n;
        struct {
                int64_t current;
                uint64_t id;
                char name[256];
        } top[CONTRIBUTORS];
} Largest;

static int weigh(void *userdata, const char *name, uint64_t id) {
        Largest *l = userdata;
        _cleanup_close_ int fd = openat(l->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int64_t current = fd < 0 ? KERNFILE_UNKNOWN : number(fd, "memory.current");
        size_t i;

        if (++l->seen > CHILDREN_MAX)
                return -E2BIG;
        if (current < 0 || strlen(name) >= sizeof(l->top[0].name))
                return 0;
        for (i = 0; i < l->n && l->top[i].current >= current; i++)
                ;
        if (i == CONTRIBUTORS)
                return 0;
        if (l->n < CONTRIBUTORS)
                l->n++;
        memmove(&l->top[i + 1], &l->top[i], (l->n - i - 1) * sizeof(l->top[0]));
        l->top[i].current = current;
        l->top[i].id = id;
        strcpy(l->top[i].name, name);
        return 0;
}

json_t *facts_contributors(const Cgroupfs *fs, int dirfd, Ahead *ahead) {
        _cleanup_free_ Largest *l = calloc(1, sizeof(*l));
        json_t *list = json_array();

        if (!l)
                return list;
        l->dirfd = dirfd;
        (void) cgroupfs_children(dirfd, weigh, l);
        for (size_t i = 0; i < l->n; i++) {
                _cleanup_close_ int fd = openat(dirfd, l->top[i].name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                json_t *one = json_object();
                int64_t growth;
                Sample s = { .unreclaimable = KERNFILE_UNKNOWN, .current = l->top[i].current };

                if (fd >= 0)
                        (void) sample_read(fd, &s);
                json_object_set_new(one, "cgroup", facts_cgroup(fs, fd, l->top[i].id));
                json_object_set_new(one, "current_bytes", facts_number(s.current));
                json_object_set_new(one, "unreclaimable_bytes", facts_number(s.unreclaimable));
                json_object_set_new(one, "growth_bytes",
                                    ahead_growth(ahead, l->top[i].id, s.time_nsec, s.current, &growth) ? json_integer(growth)
                                                                                                      : json_null());
                ahead_usage(ahead, l->top[i].id, s.time_nsec, s.current);
                json_array_append_new(list, one);
        }
        return list;
}
