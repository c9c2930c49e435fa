/* reevectl doctor: is this a good host for Reeve, and what should its owner change? */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reeve/reeve.h"
#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/options.h"
#include "supervisor/host/hostcheck.h"
#include "supervisor/host/scope.h"
#include "supervisor/text/escape.h"

static const OptionsHelp help = {
        .usage = "doctor [OPTIONS]",
        .text = "Looks at what the OOM killer and Reeve depend on: kernel, cgroups, sources,\n"
                "sysctls, swap, other managers of memory, delegation. Each finding says what\n"
                "it means for Reeve and what to change. Changes nothing, needs neither the\n"
                "daemon nor root, but the daemon knows what the caller may not read.\n"
                "Exit: 0 no problem found, 1 a problem (warnings and notes are none).",
        .examples = "  reevectl doctor\n  sudo reevectl doctor --json",
};

static void add(Findings *f, const char *name, FindingState state, const char *value, const char *meaning, const char *change) {
        (void) findings_add(f, name, state, value, meaning, change);
}

static const char *member(const json_t *object, const char *key) {
        const char *s = json_string_value(json_object_get(object, key));

        return s ? s : "";
}

static void add_sources(Findings *f, const json_t *status) {
        const json_t *source;
        size_t i;

        json_array_foreach(json_object_get(status, "sources"), i, source) {
                const char *state = member(source, "state"), *why = member(source, "why");
                bool failed = strcmp(state, "on") != 0 && strcmp(state, "standby") != 0;
                char name[32], value[256];

                (void) snprintf(name, sizeof(name), "source_%s", member(source, "name"));
                (void) snprintf(value, sizeof(value), "%s%s%s", state, *why ? ": " : "", why);
                add(f, name, failed ? FINDING_WARNING : FINDING_OK, value, failed ? "less is seen than could be" : "as reeved tells", "");
        }
}

/* What only the daemon knows: may it read what this caller may not? */
static void ask_daemon(Findings *f, const char *socket_path) {
        _cleanup_free_ char *text = NULL;
        char value[256];
        json_t *status;
        reeve *r = NULL;
        int e = reeve_connect(&r, socket_path);

        if (e >= 0)
                e = reeve_status(r, NULL, &text);
        (void) reeve_close(r);
        if (e < 0) {
                (void) snprintf(value, sizeof(value), "does not answer: %s", strerror(-e));
                add(f, "daemon", FINDING_WARNING, value, "nobody watches: kills are known only from what the kernel log keeps",
                    "systemctl enable --now reeved.service");
                return;
        }
        status = json_loads(text, 0, NULL);
        (void) snprintf(value, sizeof(value), "%s, tier %s, mode %s, since %s", member(status, "state"), member(status, "tier"),
                        member(status, "mode"), member(status, "since"));
        add(f, "daemon", strcmp(member(status, "tier"), "kprobe") == 0 ? FINDING_OK : FINDING_NOTE, value,
            strcmp(member(status, "tier"), "kprobe") == 0 ? "every kill is seen" : "kills are seen by the kernel log and counters", "");
        add_sources(f, status);
        json_decref(status);
}

static int look(Findings *f, const CtlContext *c) {
        ScopeManager manager;
        HostcheckOptions o = { .root = "", .uid = geteuid() };

        scope_manager_read(&manager, /* user= */ false);
        if (manager.reachable) {
                o.systemd_version = manager.version;
                o.default_oom_policy = manager.default_oom_policy[0] ? manager.default_oom_policy : NULL;
        }
        ask_daemon(f, c->socket_path);
        return hostcheck_run(f, &o);
}

static void print_json(const Findings *f, bool healthy) {
        json_t *list = json_array(), *object;

        for (size_t i = 0; i < f->n; i++) {
                const Finding *x = &f->items[i];
                char value[4 * sizeof(x->value)];
                Strbuf b = STRBUF_INIT(value);

                escape_text(&b, x->value);
                (void) json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", x->name, "state",
                                                             finding_state_to_string(x->state), "value", value, "meaning", x->meaning,
                                                             "change", x->change[0] ? json_string(x->change) : json_null()));
        }
        object = json_pack("{s:b, s:o}", "healthy", (int) healthy, "findings", list);
        if (object)
                (void) json_dumpf(object, stdout, JSON_COMPACT);
        (void) putchar('\n');
        json_decref(object);
}

static void print_finding(const Finding *x, const CtlContext *c) {
        static const char *const colors[] = { "\033[32m", "\033[36m", "\033[33m", "\033[1;31m" };
        char value[4 * sizeof(x->value)];
        Strbuf b = STRBUF_INIT(value);

        escape_terminal(&b, x->value, strlen(x->value), /* escaped= */ false);
        (void) printf("%s%-8s%s %-24s  %s\n", c->color ? colors[x->state] : "", finding_state_to_string(x->state),
                      c->color ? "\033[0m" : "", x->name, value);
        if (x->state == FINDING_OK)
                return;
        if (x->meaning[0])
                (void) printf("         %s\n", x->meaning);
        if (x->change[0])
                (void) printf("         change: %s\n", x->change);
}

/* Worst first, as one reads. */
static void print_text(const Findings *f, const CtlContext *c) {
        size_t counts[4] = { 0 };

        for (int state = FINDING_PROBLEM; state >= FINDING_OK; state--)
                for (size_t i = 0; i < f->n; i++)
                        if ((int) f->items[i].state == state) {
                                print_finding(&f->items[i], c);
                                counts[state]++;
                        }
        (void) printf("\n%zu problem%s, %zu warning%s, %zu note%s, %zu ok.\n", counts[FINDING_PROBLEM],
                      counts[FINDING_PROBLEM] == 1 ? "" : "s", counts[FINDING_WARNING], counts[FINDING_WARNING] == 1 ? "" : "s",
                      counts[FINDING_NOTE], counts[FINDING_NOTE] == 1 ? "" : "s", counts[FINDING_OK]);
}

int ctl_doctor(int argc, char **argv, const CtlContext *c) {
        Findings f = FINDINGS_INIT;
        bool healthy = true;
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        e = look(&f, &o.context);
        if (e < 0) {
                (void) fprintf(stderr, "reevectl doctor: %s\n", strerror(-e));
                findings_clear(&f);
                return CTL_FAILED;
        }
        for (size_t i = 0; i < f.n; i++)
                healthy = healthy && f.items[i].state != FINDING_PROBLEM;
        if (o.context.json)
                print_json(&f, healthy);
        else
                print_text(&f, &o.context);
        findings_clear(&f);
        return healthy ? CTL_DONE : CTL_FAILED;
}
