#include "supervisor/flow/guards.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

typedef struct Guard {
        Supervisor *s;
        uint64_t id;
        int fd;
        sd_event_source *source;
        GuardTold *told;
} Guard;

static Guard *guard_of(uint64_t value) {
        return (Guard *) (uintptr_t) value;
}

static void guard_free(Guard *g) {
        g->source = sd_event_source_disable_unref(g->source);
        (void) close(g->fd);
        free(g);
}

static int on_guard(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Guard *g = userdata;
        Supervisor *s = g->s;
        uint64_t id = g->id;
        GuardTold *told = g->told;
        bool gone = revents & (EPOLLERR | EPOLLHUP);

        (void) source, (void) fd;
        if (gone)
                guards_forget(s, id);
        told(s, id, gone);
        return 0;
}

void guards_forget(Supervisor *s, uint64_t id) {
        uint64_t value;

        if (!idmap_get(&s->rules.guards, id, &value))
                return;
        idmap_remove(&s->rules.guards, id);
        guard_free(guard_of(value));
}

int guards_take(Supervisor *s, uint64_t id, int fd, GuardTold *told) {
        Guard *g = calloc(1, sizeof(*g));
        int r = g ? 0 : -ENOMEM;

        guards_forget(s, id);
        if (!g) {
                (void) close(fd);
                return r;
        }
        *g = (Guard) { .s = s, .id = id, .fd = fd, .told = told };
        r = sd_event_add_io(s->event, &g->source, fd, EPOLLPRI, on_guard, g);
        if (r >= 0)
                r = idmap_set(&s->rules.guards, id, (uint64_t) (uintptr_t) g);
        if (r < 0)
                guard_free(g);
        return r < 0 ? r : 0;
}

void guards_clear(Supervisor *s) {
        for (size_t i = 0; i < s->rules.guards.size; i++)
                if (s->rules.guards.cells[i].key)
                        guard_free(guard_of(s->rules.guards.cells[i].value));
        idmap_clear(&s->rules.guards);
}
