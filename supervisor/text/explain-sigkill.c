/* explain: a SIGKILL that was no OOM kill, and who sent it. */
#include <inttypes.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/text/explain-sections.h"

static void sender_put(const ExplainCase *c, const json_t *sender, const char *means) {
        const char *comm = explain_string(sender, "comm"), *unit = explain_string(sender, "unit");
        int64_t pid = explain_number(sender, "pid"), uid = explain_number(sender, "uid");

        if (strcmp(means, "kernel") == 0) {
                strbuf_puts(c->out, "Who: the kernel, but not for memory: the first process of its pid namespace (of its container) ended, "
                                    "which ends all of them, or it went past a hard limit such as RLIMIT_CPU.\n\n");
                return;
        }
        strbuf_puts(c->out, "Who: ");
        if (pid <= 0 && !comm && !unit)
                strbuf_puts(c->out, "the sender could not be seen");
        else {
                strbuf_printf(c->out, "%s", comm ? comm : pid == 1 ? "the init process" : "a process whose name was gone before it could be read");
                if (pid > 0)
                        strbuf_printf(c->out, " (pid %" PRId64 ")", pid);
                if (unit)
                        strbuf_printf(c->out, " of %s", unit);
                else if (explain_string(json_object_get(sender, "cgroup"), "path"))
                        strbuf_printf(c->out, " in %s", explain_string(json_object_get(sender, "cgroup"), "path"));
                if (uid >= 0)
                        strbuf_printf(c->out, ", running as %s%" PRId64, uid == 0 ? "root, uid " : "uid ", uid);
        }
        if (strcmp(means, "cgroup_kill") == 0)
                strbuf_puts(c->out, ". It ended the whole cgroup at once (by cgroup.kill or signals to each thread)");
        else if (strcmp(means, "kill") == 0)
                strbuf_puts(c->out, ". It sent the signal to this process (kill -9, or a program that does the same)");
        strbuf_puts(c->out, ".\n\n");
}

/* What such a sender usually means by it. */
static const char *usual_reason(const json_t *sender) {
        static const struct {
                const char *comm, *words;
        } senders[] = {
                { "systemd", "systemd kills what did not stop within TimeoutStopSec=, and on 'systemctl kill -s KILL'. The journal of the unit says which." },
                { "containerd-shim", "A container runtime kills what did not stop within its grace period, and on 'kill' or 'rm -f'." },
                { "dockerd", "A container runtime kills what did not stop within its grace period, and on 'kill' or 'rm -f'." },
                { "conmon", "A container runtime kills what did not stop within its grace period, and on 'kill' or 'rm -f'." },
                { "runc", "A container runtime kills what did not stop within its grace period, and on 'kill' or 'rm -f'." },
                { "crun", "A container runtime kills what did not stop within its grace period, and on 'kill' or 'rm -f'." },
                { "kubelet", "The kubelet kills what did not stop within terminationGracePeriodSeconds, on failed liveness probes and on eviction." },
                { "timeout", "timeout(1) kills what outlived its time when called with --kill-after or -s KILL." },
                { "sudo", "Somebody did it by hand, with sudo." },
        };
        const char *comm = explain_string(sender, "comm");

        for (size_t i = 0; comm && i < ELEMENTSOF(senders); i++)
                if (strncmp(comm, senders[i].comm, strlen(senders[i].comm)) == 0)
                        return senders[i].words;
        for (size_t i = 0; comm && i < 5; i++)
                if (strcmp(comm, ((const char *const[]) { "bash", "sh", "zsh", "fish", "kill" })[i]) == 0)
                        return "That is a shell or kill(1): a person or a script did it.";
        return NULL;
}

void explain_sigkill(const ExplainCase *c) {
        const json_t *sender = json_object_get(c->record, "sender");
        const char *means = explain_string(c->record, "means"), *time = explain_string(c->record, "time");
        const char *id = explain_string(c->record, "id"), *reason = usual_reason(sender);

        strbuf_printf(c->out, "No OOM kill: %s of %s ended by SIGKILL", c->process, c->name);
        if (time && strlen(time) > 19)
                strbuf_printf(c->out, ", %.10s %.8s UTC", time, time + 11);
        if (id)
                strbuf_printf(c->out, ", record %s", id);
        strbuf_puts(c->out, ".\n\nThe kernel's OOM killer had no hand in it, though its status (137, 128 + signal 9) is the same as "
                            "after an OOM kill.\n\n");
        sender_put(c, sender, means ? means : "");
        if (reason)
                strbuf_printf(c->out, "%s\n\n", reason);
        strbuf_puts(c->out, "SIGKILL cannot be caught: there is no core dump, no heap dump and no last log line of what died.\n");
}
