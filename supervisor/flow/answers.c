/* Who asks? The server's operations, and the eyes' answers on their way back. */
#include "supervisor/flow/answers.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/flow/asked.h"
#include "supervisor/flow/captures.h"
#include "supervisor/flow/changes.h"
#include "supervisor/flow/exits.h"
#include "supervisor/flow/explaining.h"
#include "supervisor/flow/pausing.h"
#include "supervisor/flow/rules.h"
#include "supervisor/flow/sources.h"
#include "supervisor/flow/status.h"
#include "supervisor/host/proc.h"

void answers_eyes(Supervisor *s, const EyesAnswer *answer) {
        Asked *a = asked_find(s, answer->cookie);
        json_t *facts;

        if (!a)
                return;
        facts = answer->text ? json_loads(answer->text, 0, NULL) : NULL;
        if (!facts)
                server_fail_text(a->call, answer->error == -ENODEV ? "NotFound" : "Failed",
                                 answer->error == -ENODEV ? "that cgroup is gone" : "the cgroup could not be read");
        else if (a->kind == ASKED_STANDING)
                explaining_standing(s, a->call, facts);
        else {
                (void) json_object_set_new(facts, "rules", rules_standing(s, answer->cgroup_id));
                asked_reply(a->call, json_pack("{s:O}", "status", facts));
        }
        json_decref(facts);
        asked_end(s, a);
}

void answers_parties(Supervisor *s, const EyesAnswer *answer) {
        Asked *a = asked_find(s, answer->cookie);
        _cleanup_free_ char *values = NULL;
        ServerCall *call;
        bool dry_run, risk;
        char word[32];

        if (!a)
                return;
        call = a->call;
        values = a->values;
        a->values = NULL;
        dry_run = a->dry_run;
        risk = a->risk;
        asked_end(s, a);
        (void) snprintf(word, sizeof(word), "id:%" PRIu64, answer->parties[0].cgroup_id);
        if (!answer->parties[0].cgroup_id)
                server_fail_text(call, "NotFound", "no such process, or its cgroup is gone");
        else if (values)
                changes_set(call, word, values, dry_run, risk, s);
        else
                status_answer(call, word, s);
}

static void op_drain(void *userdata) {
        sources_drain(userdata);
}

static uint64_t op_drained(void *userdata) {
        return sources_drained_usec(userdata);
}

static int op_alive(int64_t pid, uint64_t start_usec, void *userdata) {
        ProcStat stat;
        int r = proc_stat((int32_t) pid, &stat);

        (void) userdata;
        if (r == -ESRCH)
                return 0;
        if (r < 0)
                return r;
        return (start_usec == 0 || proc_same_start(start_usec * 1000, stat.start_ticks)) && stat.state != 'Z' && stat.state != 'X';
}

/* Probes see each signal; beside the log only taskstats tells which exits were SIGKILLs. */
static int op_sigkilled(int64_t pid, uint64_t start_usec, void *userdata) {
        const Supervisor *s = userdata;

        return s->from.kprobe ? 0 : exits_sigkilled(s, (int32_t) pid, start_usec);
}

static int op_populated(uint64_t id, void *userdata) {
        const Supervisor *s = userdata;
        _cleanup_close_ int fd = cgroupfs_open_sure(&s->fs, id, NULL);
        char text[256];
        ssize_t n;

        if (fd < 0)
                return fd;
        n = cgroupfs_read(fd, "cgroup.events", text, sizeof(text));
        if (n < 0)
                return (int) n;
        return strstr(text, "populated 1") != NULL;
}

const ServerOps answers_ops = {
        .status = status_answer,
        .explain = explaining_answer,
        .set = changes_set,
        .reload = changes_reload,
        .pause = pausing_pause,
        .resume = pausing_resume,
        .capture = captures_answer,
        .pending = asked_pending,
        .drain = op_drain,
        .drained_usec = op_drained,
        .process_alive = op_alive,
        .process_sigkilled = op_sigkilled,
        .cgroup_populated = op_populated,
        .resolve = asked_path,
        .locate = asked_locate,
};
