/* Who may have rules hold still? root all of them; of one cgroup, who may end what is in it. */
#include "supervisor/flow/pausing.h"

#include <errno.h>
#include <stdio.h>

#include "supervisor/flow/asked.h"
#include "supervisor/flow/pauses.h"
#include "supervisor/flow/whose.h"

/* What was asked, by a peer who may. */
typedef struct Wish {
        AskedKind kind;
        ServerCall *call;
        uint64_t cgroup_id, for_usec;
} Wish;

static json_t *until_of(Supervisor *s, uint64_t cgroup_id) {
        json_t *list = pauses_json(s), *one, *until = NULL;
        size_t i;

        json_array_foreach(list, i, one) {
                json_t *id = json_object_get(json_object_get(one, "cgroup"), "id");

                if ((uint64_t) json_integer_value(id) == cgroup_id)
                        until = json_object_get(one, "until");
        }
        until = json_pack("{s:O?}", "until", until);
        json_decref(list);
        return until;
}

static void carry_out(Supervisor *s, const Wish *w) {
        const ServerPeer *peer = server_call_peer(w->call);
        LimitRequester by;
        const char *path;
        Asker asker;
        int r;

        by = asked_requester(s, peer, &asker);
        path = w->cgroup_id ? whose_path(s, w->cgroup_id) : NULL;
        if (w->cgroup_id && !path)
                server_fail_text(w->call, "NotFound", "that cgroup is gone");
        else if (w->kind == ASKED_RESUME)
                asked_reply(w->call, json_pack("{s:I}", "ended", (json_int_t) pauses_end(s, w->cgroup_id, peer->privileged, &by)));
        else if ((r = pauses_begin(s, w->cgroup_id, path, w->for_usec, peer->privileged, &by)) < 0)
                server_fail_text(w->call, r == -EPERM ? "NotAllowed" : "Failed",
                                 r == -EPERM ? "root paused it already" : "too many cgroups are paused already; resume some, or pause all rules");
        else
                asked_reply(w->call, until_of(s, w->cgroup_id));
}

/* The file may only be looked at by an eye: the kernel might have to wait for memory. */
static void ask_right(Supervisor *s, const Wish *w) {
        EyesRequest look = { .kind = EYES_RIGHT, .cgroup_id = w->cgroup_id };
        Asked *a = asked_new(s, w->kind, w->call);
        const char *path = whose_path(s, w->cgroup_id);

        if (!a)
                return;
        a->for_usec = w->for_usec;
        look.cookie = a->cookie;
        (void) snprintf(look.path, sizeof(look.path), "%s", path ? path : "");
        if (!eyes_post(s->eyes, &look)) {
                server_fail_text(a->call, "Failed", "too many reads are under way");
                asked_end(s, a);
        }
}

static void begin(Supervisor *s, Wish *w, const char *cgroup) {
        if (cgroup) {
                w->cgroup_id = asked_resolve(s, w->call, cgroup);
                if (w->cgroup_id == 0)
                        return;
        }
        if (server_call_peer(w->call)->privileged)
                carry_out(s, w);
        else
                ask_right(s, w);
}

void pausing_pause(ServerCall *call, const char *cgroup, uint64_t for_usec, void *userdata) {
        begin(userdata, &(Wish) { .kind = ASKED_PAUSE, .call = call, .for_usec = for_usec }, cgroup);
}

void pausing_resume(ServerCall *call, const char *cgroup, void *userdata) {
        begin(userdata, &(Wish) { .kind = ASKED_RESUME, .call = call }, cgroup);
}

void pausing_right(Supervisor *s, const EyesAnswer *answer) {
        Asked *a = asked_find(s, answer->cookie);
        Wish w;

        if (!a)
                return;
        w = (Wish) { .kind = a->kind, .call = a->call, .cgroup_id = answer->cgroup_id, .for_usec = a->for_usec };
        asked_end(s, a);
        if (answer->error == -ENODEV)
                server_fail_text(w.call, "NotFound", "that cgroup is gone");
        else if (answer->error < 0 || answer->owner != server_call_peer(w.call)->uid)
                server_fail_text(w.call, "NotAllowed", "only root, or who owns its cgroup.kill, may pause rules on a cgroup");
        else
                carry_out(s, &w);
}
