/* How does it stand? The status of the whole, and of one cgroup. */
#include "supervisor/flow/status.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/flow/pauses.h"
#include "supervisor/flow/captures.h"
#include "supervisor/flow/settings.h"
#include "supervisor/flow/whose.h"
#include "supervisor/text/human.h"

json_t *status_time(int64_t realtime_usec) {
        char text[HUMAN_MOMENT_SIZE];

        return json_string(human_rfc3339(realtime_usec, text));
}

static json_t *sources_json(const Supervisor *s) {
        const Sources *from = &s->from;
        bool spare = from->kprobe && s->config->reeve.taskstats == CONFIG_TASKSTATS_AUTO;

        return json_pack("[{s:s, s:s, s:s?}, {s:s, s:s, s:s?}, {s:s, s:s, s:s?}]",
                         "name", "kprobe", "state", from->kprobe ? "on" : "off", "why", from->kprobe ? NULL : from->kprobe_why,
                         "name", "log", "state", from->log ? "on" : from->kprobe ? "standby" : "off", "why",
                         from->log ? NULL : from->log_why,
                         "name", "taskstats", "state", s->exits.proved ? "on" : spare ? "standby" : "off", "why",
                         s->exits.proved ? NULL : s->exits.why);
}

static void add_kprobe_counters(Supervisor *s, json_t *status) {
        json_t *probes = json_array(), *rings = json_array();
        KprobeCounters c = { .unspooled = 0 };
        KprobeRing ring;

        if (s->from.kprobe && kprobe_counters(s->from.kprobe, &c) == 0) {
                for (uint32_t i = 0; i < c.n_probes; i++)
                        (void) json_array_append_new(probes, json_pack("{s:s, s:I, s:I}", "name", c.probes[i].name, "hits",
                                                                       (json_int_t) c.probes[i].hits, "read",
                                                                       (json_int_t) c.probes[i].read));
                for (uint32_t i = 0; kprobe_ring(s->from.kprobe, i, &ring) == 0; i++)
                        (void) json_array_append_new(rings, json_pack("{s:s, s:i, s:I, s:I, s:I}", "name", ring.name, "cpu",
                                                                      (int) ring.cpu, "size_bytes", (json_int_t) ring.size_bytes,
                                                                      "overruns", (json_int_t) ring.overruns, "drops",
                                                                      (json_int_t) ring.drops));
                (void) json_object_set_new(status, "kernel_bytes", json_integer((json_int_t) c.kernel_bytes));
        } else
                (void) json_object_set_new(status, "kernel_bytes", json_integer(0));
        (void) json_object_set_new(status, "pages_unspooled", json_integer((json_int_t) c.unspooled));
        (void) json_object_set_new(status, "events_undecoded", json_integer((json_int_t) c.undecoded));
        (void) json_object_set_new(status, "probes", probes);
        (void) json_object_set_new(status, "rings", rings);
}

/* What bounds of Reeve's own turned away, by name; how many kills memory.events did not count, though they were seen. */
static void add_bounds(Supervisor *s, const TreeCounts *tree, json_t *status) {
        static const AssembleStats none = { 0 };
        const AssembleStats *rings = s->from.assembler ? assemble_stats(s->from.assembler) : &none;
        uint64_t budgets = s->budgets ? budgets_lost(s->budgets) : 0, connections = s->server ? server_refused(s->server) : 0;

        (void) json_object_set_new(status, "ownerless", json_integer((json_int_t) rings->ownerless));
        (void) json_object_set_new(
                status, "bounds",
                json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "connections_refused", (json_int_t) connections, "cgroups_outside",
                          (json_int_t) tree->outside, "cgroups_forgotten", (json_int_t) tree->forgotten, "read_back_dropped",
                          (json_int_t) s->read_back_dropped, "budget_messages_lost", (json_int_t) budgets, "victims_left_out",
                          (json_int_t) rings->victims_left_out, "ooms_pushed_out", (json_int_t) rings->ooms_pushed_out));
}

static void add_counters(Supervisor *s, json_t *status) {
        const ReconcileCounters *c = &s->from.reconciler.counters;
        json_t *causes = json_object();
        ClerkCounters clerk;
        EyesCounts eyes;
        TreeCounts tree;

        for (int i = 0; i < RECONCILE_CAUSES; i++)
                (void) json_object_set_new(causes, reeve_gap_cause_to_string(i), json_integer((json_int_t) c->unattributed[i]));
        (void) json_object_set_new(status, "attempts", json_integer((json_int_t) c->attempts));
        (void) json_object_set_new(status, "attributed", json_integer((json_int_t) c->attributed));
        (void) json_object_set_new(status, "unattributed", causes);
        (void) json_object_set_new(status, "outside", json_integer((json_int_t) c->outside));
        (void) json_object_set_new(status, "late_waiting", json_integer((json_int_t) s->n_late));
        (void) json_object_set_new(status, "not_counted", json_integer((json_int_t) c->not_counted));
        add_kprobe_counters(s, status);
        clerk_counters(s->clerk, &clerk);
        eyes_counts(s->eyes, &eyes);
        tree_counts(s->tree, &tree);
        (void) json_object_set_new(status, "ledger",
                                   json_pack("{s:I, s:I, s:I, s:b}", "inserted", (json_int_t) clerk.inserted, "evicted",
                                             (json_int_t) clerk.evicted, "retries", (json_int_t) clerk.retries, "troubled",
                                             clerk.troubled));
        (void) json_object_set_new(status, "eyes", json_pack("{s:I, s:I, s:I}", "answered", (json_int_t) eyes.answered, "refused",
                                                             (json_int_t) eyes.refused, "stalled", (json_int_t) eyes.stalled));
        (void) json_object_set_new(status, "details_missed", json_integer((json_int_t) (s->details_missed + s->emit.left_out)));
        (void) json_object_set_new(status, "units_skipped",
                                   json_integer(s->units.watch ? (json_int_t) unitwatch_skipped(s->units.watch) : 0));
        (void) json_object_set_new(status, "signals_skipped", json_integer((json_int_t) s->signals_skipped));
        (void) json_object_set_new(status, "journal_dropped",
                                   json_integer(s->crier ? (json_int_t) crier_dropped(s->crier) : 0));
        (void) json_object_set_new(status, "black_box", captures_json(s));
        (void) json_object_set_new(status, "rule_matches", json_integer((json_int_t) watchlist_pairs(s->rules.judging.watchlist)));
        (void) json_object_set_new(status, "rule_matches_refused", json_integer((json_int_t) watchlist_refused(s->rules.judging.watchlist)));
        (void) json_object_set_new(status, "pressure_triggers", json_integer((json_int_t) s->rules.guards.n));
        (void) json_object_set_new(status, "limits_unwatched", json_integer((json_int_t) watchlist_unmarked(s->rules.judging.watchlist)));
        (void) json_object_set_new(status, "cgroups_refused", json_integer((json_int_t) (tree.refused + tree.refused_owner)));
        add_bounds(s, &tree, status);
}

static json_t *complaints_json(const Supervisor *s) {
        json_t *list = json_array();
        char line[1024];

        for (size_t i = 0; i < s->complaints.count; i++)
                (void) json_array_append_new(list, json_string(complaint_format(&s->complaints.items[i], line, sizeof(line))));
        return list;
}

/* watching: all is well. degraded: by a lesser source than the host has, or the ledger cannot be written, or the
 * configuration was refused. blind: no source at all. */
static const char *state_word(Supervisor *s) {
        ClerkCounters clerk;

        clerk_counters(s->clerk, &clerk);
        if (s->from.tier == REEVE_TIER_NONE)
                return "blind";
        return s->from.degraded || clerk.troubled || s->refused ? "degraded" : "watching";
}

static json_t *status_json(Supervisor *s) {
        TreeCounts tree;
        json_t *status;

        tree_counts(s->tree, &tree);
        status = json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I}", "state", state_word(s), "mode",
                           reeve_mode_to_string((int) settings_mode(s)), "tier", reeve_tier_to_string((int) s->from.tier),
                           "since", status_time(s->started_realtime_usec), "sources", sources_json(s), "cgroups",
                           (json_int_t) tree.alive, "budgets", (json_int_t) s->config->n_budgets,
                           "rules", (json_int_t) s->config->n_rules, "lost", (json_int_t)
                           (s->from.lost + s->emit.kills_lost));
        if (!status)
                return NULL;
        (void) json_object_set_new(status, "budgeted_cgroups", json_integer(s->budgets ? (json_int_t) budgets_count(s->budgets) : 0));
        (void) json_object_set_new(status, "version", json_string(REEVE_VERSION));
        (void) json_object_set_new(status, "ledger_id", json_string(clerk_ledger_id(s->clerk)));
        (void) json_object_set_new(status, "cgroup_root", json_string(s->fs.root));
        (void) json_object_set_new(status, "configuration", json_string(s->config->hash));
        (void) json_object_set_new(status, "pauses", pauses_json(s));
        if (s->complaints.count > 0)
                (void) json_object_set_new(status, s->refused ? "complaints" : "warnings", complaints_json(s));
        add_counters(s, status);
        return status;
}

static void on_watched(const ClerkAnswer *answer, void *userdata) {
        Asked *a = userdata;
        json_t *status = json_object_get(a->records, "status");

        if (answer->error == 0 && answer->number > 0)
                (void) json_object_set_new(status, "watched_since", status_time(answer->number));
        else
                (void) json_object_set_new(status, "watched_since", json_null());
        asked_reply(a->call, json_incref(a->records));
        json_decref(a->records);
        free(a);
}

/* Of cgroups that are not his nobody hears by what is paused there. */
static void pauses_sift(Supervisor *s, const ServerCall *call, json_t *status) {
        json_t *list = json_object_get(status, "pauses");

        for (size_t i = json_array_size(list); i-- > 0;) {
                const json_t *id = json_object_get(json_object_get(json_array_get(list, i), "cgroup"), "id");

                if (id && !asked_may_read(s, call, (uint64_t) json_integer_value(id)))
                        (void) json_array_remove(list, i);
        }
}

static void status_of_all(Supervisor *s, ServerCall *call) {
        ClerkQuery query = { .question = CLERK_WATCHED };
        Asked *a = calloc(1, sizeof(*a));

        if (!a) {
                server_fail_text(call, "Failed", "no memory");
                return;
        }
        *a = (Asked) { .call = call, .records = json_pack("{s:o}", "status", status_json(s)) };
        pauses_sift(s, call, json_object_get(a->records, "status"));
        if (clerk_ask(s->clerk, &query, on_watched, a) < 0)
                on_watched(&(ClerkAnswer) { .error = -EAGAIN }, a);
}

void status_ask(Supervisor *s, ServerCall *call, uint64_t id, AskedKind kind) {
        EyesRequest request = { .kind = EYES_STATUS, .cgroup_id = id };
        const char *path = whose_path(s, id);
        Asked *a = asked_new(s, kind, call);

        if (!a)
                return;
        request.cookie = a->cookie;
        if (path)
                (void) snprintf(request.path, sizeof(request.path), "%s", path);
        if (!eyes_post(s->eyes, &request)) {
                server_fail_text(call, "Failed", "too many reads are under way");
                asked_end(s, a);
        }
}

void status_answer(ServerCall *call, const char *cgroup, void *userdata) {
        Supervisor *s = userdata;
        uint64_t id;

        if (!cgroup) {
                status_of_all(s, call);
                return;
        }
        if (asked_pid(s, call, cgroup, NULL, false, false))
                return;
        id = asked_resolve(s, call, cgroup);
        if (id == 0)
                return;
        if (asked_may_read(s, call, id))
                status_ask(s, call, id, ASKED_STATUS);
        else
                server_fail_text(call, "NotAllowed", "that cgroup is not yours");
}
