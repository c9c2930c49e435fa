/* What is wanted? The configuration, its reload, and the budgets it makes. */
#include "supervisor/flow/settings.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "policies/match.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/flow/captures.h"
#include "supervisor/flow/exits.h"
#include "supervisor/flow/groups.h"
#include "supervisor/flow/guards.h"
#include "supervisor/flow/whose.h"
#include "supervisor/host/proc.h"

/* So many cgroups of each rule are looked at for whether its limits could be written there. */
enum { PROBES_MAX = 16 };

ReeveMode settings_mode(const Supervisor *s) {
        /* Watching is all that is left of a configuration that nobody understands, whatever the command line says. */
        if (s->on_defaults)
                return REEVE_MODE_WATCH;
        return s->options.mode >= 0 ? (ReeveMode) s->options.mode : s->config->reeve.mode;
}

static ConfigPlaces places(const Supervisor *s) {
        const Options *o = &s->options;
        bool own = o->user && !o->config_directory;

        return (ConfigPlaces) { .directory = own ? o->user_config : o->config_directory, .optional = own };
}

/* {"complaints": ["web.conf:12: ...", ...]}; the caller frees. */
static char *complaints_text(const Complaints *complaints, bool warnings) {
        json_t *list = json_array(), *object = json_pack("{s:o}", "complaints", list);
        char line[1024], *text;

        for (size_t i = 0; i < complaints->count; i++)
                if (warnings || !complaints->items[i].warning)
                        (void) json_array_append_new(list, json_string(complaint_format(&complaints->items[i], line,
                                                                                        sizeof(line))));
        text = object ? json_dumps(object, JSON_COMPACT) : NULL;
        json_decref(object);
        return text;
}

/* The first error, or warning, with its place; "" where there is none. */
static void first_complaint(const Supervisor *s, bool warning, char *line, size_t size) {
        line[0] = '\0';
        for (size_t i = 0; i < s->complaints.count && !line[0]; i++)
                if (s->complaints.items[i].warning == warning)
                        (void) complaint_format(&s->complaints.items[i], line, size);
}

static void say_refused(Supervisor *s) {
        char text[320], line[192];
        char *details = complaints_text(&s->complaints, true);

        first_complaint(s, /* warning= */ false, line, sizeof(line));
        (void) snprintf(text, sizeof(text), "The configuration was refused (%zu error%s): %s%s", s->complaints.errors,
                        s->complaints.errors == 1 ? "" : "s", line,
                        s->complaints.errors > 1 ? " ... ('reevectl check' lists them all)" : "");
        state_say(s, "configuration_refused", text, details);
        (void) sd_notifyf(0, "STATUS=Configuration refused, %zu error%s; the old one stays: %s", s->complaints.errors,
                          s->complaints.errors == 1 ? "" : "s", line);
        free(details);
}

static void say_loaded(Supervisor *s) {
        char text[512], line[192];
        size_t n = s->complaints.count;
        char *details = n > 0 ? complaints_text(&s->complaints, true) : NULL;
        RecordSupervisor record = { .time_nsec = clock_boottime_nsec(), .event = "configuration_loaded", .tier = s->from.tier,
                                    .text = text, .configuration_text = s->config->text, .details = details };

        first_complaint(s, /* warning= */ true, line, sizeof(line));
        (void) snprintf(text, sizeof(text), "Configuration %s loaded: %zu budget%s, %zu rule%s, %zu alert%s%s%.0zu%s%s%s.", s->config->hash,
                        s->config->n_budgets, s->config->n_budgets == 1 ? "" : "s", s->config->n_rules,
                        s->config->n_rules == 1 ? "" : "s", s->config->n_alerts, s->config->n_alerts == 1 ? "" : "s",
                        n > 0 ? "; " : "", n, n == 0 ? "" : n == 1 ? " warning: " : " warnings: ", line, n > 1 ? " ..." : "");
        state_record(s, &record);
        free(details);
}

void settings_load(Supervisor *s) {
        ConfigPlaces from = places(s);

        s->on_defaults = s->refused = config_load(&from, &s->config, &s->complaints) < 0;
        if (s->refused) {
                Complaints none = COMPLAINTS_INIT;

                /* Watching on defaults is better than not watching; nothing is acted on by files that are not understood. */
                (void) config_parse(NULL, 0, &s->config, &none);
                complaints_done(&none);
        }
}

/* Whether a step of @rule writes a limit; which. */
static const RuleStep *limit_step(const RuleSection *rule) {
        for (size_t i = 0; rule->enabled.value && i < rule->n_then; i++)
                if (judge_is_temporary((int) rule->then[i].action) && rule->then[i].action != RULE_FREEZE)
                        return &rule->then[i];
        return NULL;
}

/* What could not be done where it may be needed is said now, and not only then. */
static void probe(Supervisor *s, const RuleSection *rule, const RuleStep *step) {
        char at[256], path[4352];
        size_t n = 0;
        TreeGroup g;

        for (size_t i = tree_next(s->tree, 0, &g); i && n < PROBES_MAX; i = tree_next(s->tree, i, &g)) {
                ApplyLever lever = { .id = g.id, .path = path, .action = step->action, .own = (BudgetOwn) rule->own.value,
                                     .origin = origin_format(&step->at, at, sizeof(at)) };
                bool matches = false;

                if (!g.alive || tree_path(s->tree, g.id, path, sizeof(path)) < 0)
                        continue;
                for (size_t k = 0; k < rule->match.count && !matches; k++)
                        matches = match_glob(rule->match.items[k].text, path);
                if (matches) {
                        (void) budgets_probe(s->budgets, &lever);
                        n++;
                }
        }
}

static void probe_rules(Supervisor *s) {
        for (size_t i = 0; settings_mode(s) == REEVE_MODE_ACT && i < s->config->n_rules; i++) {
                const RuleStep *step = limit_step(&s->config->rules[i]);

                if (step)
                        probe(s, &s->config->rules[i], step);
        }
}

void settings_apply(Supervisor *s) {
        BudgetsOptions options = {
                .cgroup_root = s->fs.root,
                .state_directory = s->options.state_directory,
                .mode = settings_mode(s),
                .user = s->options.user,
        };
        int r = 0;

        if (!s->budgets) {
                r = budgets_new(&s->budgets, &options);
        }
        if (r < 0) {
                state_say(s, "configuration_refused", "Budgets cannot be applied: no memory or no state directory.", NULL);
                return;
        }
        /* Refused files are no configuration: what they did before stays, so nothing is taken back either. */
        if (s->refused) {
                say_refused(s);
                return;
        }
        say_loaded(s);
        (void) budgets_configure(s->budgets, s->config, settings_mode(s), 0);
        captures_reset(s);
        watchlist_configure(s->rules.judging.watchlist, s->config, settings_mode(s));
        guards_clear(s);
        if (s->rules.limits && (s->config->n_rules == 0 || settings_mode(s) == REEVE_MODE_WATCH))
                limitwatch_clear(s->rules.limits);
        groups_report(s);
        probe_rules(s);
}

/* ---- reload ---- */

static char *changes_text(const Config *before, const Config *now) {
        json_t *object = json_pack("{s:[{s:s, s:s, s:i, s:i, s:i}]}", "changes", "before", before->hash, "after", now->hash,
                                   "budgets", (int) now->n_budgets, "rules", (int) now->n_rules, "alerts", (int) now->n_alerts);
        char *text;

        if (object && strcmp(before->hash, now->hash) == 0)
                (void) json_array_clear(json_object_get(object, "changes"));
        text = object ? json_dumps(object, JSON_COMPACT) : NULL;
        json_decref(object);
        return text;
}

static void adopt(Supervisor *s, Config *now) {
        LedgerBounds bounds = {
                .retention_usec = now->reeve.max_retention_usec,
                .max_bytes = now->reeve.max_use_bytes,
                .keep_records = now->reeve.keep_records,
                .keep_sigkills = now->reeve.keep_sigkills,
        };

        s->config = now;
        s->refused = s->on_defaults = false;
        s->emit.context.configuration_hash = now->hash;
        s->emit.context.command_line = now->reeve.record_command_line;
        eyes_command_lines(s->eyes, now->reeve.record_command_line);
        tree_bound(s->tree, now->reeve.max_groups);
        clerk_configure(s->clerk, &bounds);
        exits_configure(s);
}

int settings_reload(Supervisor *s, char **ret_text) {
        ConfigPlaces from = places(s);
        Config *now = NULL, *before = s->config;
        int r;

        complaints_done(&s->complaints);
        s->complaints = (Complaints) COMPLAINTS_INIT;
        if (config_load(&from, &now, &s->complaints) < 0) {
                s->refused = true;
                say_refused(s);
                *ret_text = complaints_text(&s->complaints, false);
                return -EBADMSG;
        }
        *ret_text = changes_text(before, now);
        adopt(s, now);
        r = before->reeve.source != now->reeve.source || before->reeve.kills_ring_bytes != now->reeve.kills_ring_bytes ||
            before->reeve.churn_ring_bytes != now->reeve.churn_ring_bytes;
        if (strcmp(before->reeve.watch, now->reeve.watch) != 0)
                groups_rewatch(s);
        if (s->walked)
                settings_apply(s);
        (void) config_unref(before);
        (void) sd_notify(0, "STATUS=Watching.");
        return r;
}

/* ---- what the slow hand did ---- */

static int write_limit(Strbuf *out, const RecordContext *context, const void *what) {
        return record_limit(out, context, what);
}

static RecordLimit limit_of(const LimitResult *r) {
        return (RecordLimit) {
                .time_nsec = r->time_nsec,
                .cgroup = { .id = r->cgroup_id, .path = r->path },
                .key = limit_key_to_string((int) r->key),
                .state = r->reason == REEVE_REASON_CHANGED_BY_OTHER ? RECORD_LIMIT_CHANGED
                         : r->outcome == REEVE_OUTCOME_DONE ? RECORD_LIMIT_APPLIED : RECORD_LIMIT_REFUSED,
                .dry_run = r->dry_run,
                .wanted = r->wanted, .before = r->before, .after = r->after, .effective_bytes = r->effective_bytes,
                .by = reeve_limit_by_to_string((int) r->by),
                .reason = r->reason,
                .outcome = r->outcome,
                .error = r->error,
                .requested = r->requested_by.known,
                .requested_uid = r->requested_by.uid, .requested_pid = r->requested_by.pid,
                .requested_comm = r->requested_by.comm, .requested_unit = r->requested_by.unit,
        };
}

uint64_t settings_record(Supervisor *s, const LimitResult *result) {
        RecordContext context = s->emit.context;
        RecordLimit limit = limit_of(result);
        char incident[EMIT_ID_SIZE + 24];
        EmitHead head = {
                .type = REEVE_RECORD_LIMIT,
                .time_nsec = result->time_nsec,
                .owner_uid = result->cgroup_id ? whose_account_uid(s, result->cgroup_id, /* path= */ NULL) : RECORD_OWNER_UNKNOWN,
                .context = &context,
        };

        context.incident = result->incident ? emit_incident(&s->emit, result->incident, incident) : NULL;
        context.rule_at = result->origin;
        /* Two descriptors each: for what was really limited, not for what anybody asked for. */
        if (result->outcome == REEVE_OUTCOME_DONE && result->cgroup_id && result->path && !result->dry_run &&
            result->reason != REEVE_REASON_CHANGED_BY_OTHER)
                (void) eventswatch_add(s->eventswatch, result->cgroup_id, result->path, 0);
        /* A wish without right is its author's record: his flood of them must evict his own, not others'. */
        if (result->reason == REEVE_REASON_NOT_PERMITTED && result->requested_by.known)
                head.owner_uid = result->requested_by.uid;
        return emit_record(&s->emit, &head, write_limit, &limit);
}
