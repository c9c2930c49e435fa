#include "supervisor/text/configlist.h"

#include <string.h>

#include "policies/match.h"
#include "supervisor/text/configvalue.h"

/* Whether @glob can be a glob over cgroup paths; if not, complains. */
static bool check_glob(Reader *r, const char *glob) {
        size_t n = strlen(glob);

        if (*glob != '/' && strncmp(glob, "**", 2) != 0)
                reader_complain(r, "'%s' does not begin with / (paths are below the cgroup root, as /system.slice/web.service)", glob);
        else if (n > 1 && glob[n - 1] == '/')
                reader_complain(r, "'%s' ends with / and so can match nothing", glob);
        else if (strstr(glob, "//") || strstr(glob, "/./") || strstr(glob, "/../") || (n >= 3 && strcmp(glob + n - 3, "/..") == 0))
                reader_complain(r, "'%s' is no path of a cgroup", glob);
        else if (n >= 4096)
                reader_complain(r, "longer than a path can be");
        else
                return true;
        return false;
}

static void take_glob(Reader *r, const char *glob, ConfigList *list, bool comm) {
        bool is_comm = strncmp(glob, "comm:", 5) == 0;

        if (is_comm && !comm)
                reader_complain(r, "'%s': comm: stands in Prefer= and Avoid= only, since a name is no identity", glob);
        else if (is_comm && !glob[5])
                reader_complain(r, "'comm:' wants a name after it");
        else if (is_comm || check_glob(r, glob))
                config_list_add(r, list, glob);
}

/* The end of the first glob in @s: a blank before what begins another one. Other blanks belong to the name. */
static char *glob_end(char *s) {
        for (; *s; s++)
                if (*s == ' ' || *s == '\t') {
                        const char *next = s + strspn(s, " \t");

                        if (*next == '/' || strncmp(next, "**", 2) == 0 || strncmp(next, "comm:", 5) == 0)
                                return s;
                }
        return s;
}

void config_parse_globs(Reader *r, const char *value, void *target, const void *detail) {
        ConfigList *list = target;
        char *copy = pool_copy(r->pool, value, strlen(value));

        if (!*value)
                *list = (ConfigList) { 0 };
        if (!copy) {
                r->no_memory = true;
                return;
        }
        while (*copy) {
                char *end = glob_end(copy);
                bool last = !*end;

                *end = '\0';
                take_glob(r, copy, list, detail != NULL);
                if (last)
                        return;
                copy = end + 1 + strspn(end + 1, " \t");
        }
}

void config_parse_watch(Reader *r, const char *value, void *target, const void *detail) {
        char *copy;

        (void) detail;
        if (!check_glob(r, value))
                return;
        if (!match_is_literal(value)) {
                reader_complain(r, "'%s': one path, without wildcards", value);
                return;
        }
        copy = pool_copy(r->pool, value, strlen(value));
        if (copy)
                *(const char **) target = copy;
        else
                r->no_memory = true;
}

/* Calls @take with each word of @value, which is cut up in a copy. */
static void each_word(Reader *r, const char *value, void (*take)(Reader *r, const char *word, void *target), void *target) {
        char *copy = pool_copy(r->pool, value, strlen(value)), *rest = NULL;

        if (!copy) {
                r->no_memory = true;
                return;
        }
        for (char *word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
                take(r, word, target);
}

static void take_manager(Reader *r, const char *word, void *target) {
        if (!strchr(word, '.') || strchr(word, '/'))
                reader_complain(r, "'%s' is no unit with its suffix (as systemd-oomd.service)", word);
        else
                config_list_add(r, target, word);
}

void config_parse_managers(Reader *r, const char *value, void *target, const void *detail) {
        ConfigReeve *c = target;

        (void) detail;
        /* The defaults give way to the first line; later lines add to it, as lists do. */
        if (!c->managers_given || !*value)
                c->managers = (ConfigList) { 0 };
        c->managers_given = true;
        each_word(r, value, take_manager, &c->managers);
}

void config_parse_label(Reader *r, const char *value, void *target, const void *detail) {
        size_t n = strcspn(value, "=");

        (void) detail;
        if (!*value)
                *(ConfigList *) target = (ConfigList) { 0 };
        else if (value[n] != '=' || n == 0 || (*value >= '0' && *value <= '9') ||
                 strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != n)
                reader_complain(r, "'%s' is no label (as team=search)", value);
        else
                config_list_add(r, target, value);
}

void config_parse_documentation(Reader *r, const char *value, void *target, const void *detail) {
        static const char *const schemes[] = { "http://", "https://", "file:/", "info:", "man:", NULL };

        (void) detail;
        if (!*value) {
                *(ConfigList *) target = (ConfigList) { 0 };
                return;
        }
        for (size_t i = 0; schemes[i]; i++)
                if (strncmp(value, schemes[i], strlen(schemes[i])) == 0 && value[strlen(schemes[i])]) {
                        config_list_add(r, target, value);
                        return;
                }
        reader_complain(r, "'%s' is none of http://, https://, file:/, info: and man:", value);
}

static void take_rank(Reader *r, const char *word, void *target) {
        RuleSection *rule = target;

        for (int i = 0; i < RANKS; i++) {
                if (strcmp(rule_rank_to_string(i), word) != 0)
                        continue;
                for (size_t k = 0; k < rule->n_rank; k++)
                        if (rule->rank[k] == (RuleRank) i) {
                                reader_complain(r, "'%s' twice", word);
                                return;
                        }
                rule->rank[rule->n_rank++] = (RuleRank) i;
                return;
        }
        reader_complain(r, "'%s' is none of size, growth, pressure, swap, refault and oom_score", word);
}

void config_parse_rank(Reader *r, const char *value, void *target, const void *detail) {
        (void) detail;
        ((RuleSection *) target)->n_rank = 0;
        each_word(r, value, take_rank, target);
}

static void take_on(Reader *r, const char *word, void *target) {
        static const char *const words[] = { "kill",  "kill_budget", "time_to_limit", "livelock",
                                             "drift", "blind",       "kill_limit",    NULL };
        int i = config_word_index(words, word);

        if (i < 0)
                config_complain_words(r, words, word);
        else
                *(unsigned *) target |= 1U << i;
}

void config_parse_on(Reader *r, const char *value, void *target, const void *detail) {
        (void) detail;
        if (!*value)
                *(unsigned *) target = 0;
        else
                each_word(r, value, take_on, target);
}

void config_parse_sink(Reader *r, const char *value, void *target, const void *detail) {
        AlertSection *alert = target;
        AlertSink sink = { .at = reader_origin(r) }, *sinks;
        const char *path = value + strcspn(value, " \t");
        size_t n = (size_t) (path - value);

        (void) detail;
        path += strspn(path, " \t");
        if (!*value) {
                alert->sinks = NULL;
                alert->n_sinks = 0;
                return;
        }
        if (n == 7 && strncmp(value, "journal", n) == 0 && !*path)
                sink.kind = ALERT_SINK_JOURNAL;
        else if (n == 4 && strncmp(value, "exec", n) == 0 && *path == '/')
                sink.kind = ALERT_SINK_EXEC;
        else if (n == 8 && strncmp(value, "datagram", n) == 0 && *path == '/')
                sink.kind = ALERT_SINK_DATAGRAM;
        else {
                reader_complain(r, "'%s' is none of journal, exec /PATH and datagram /PATH", value);
                return;
        }
        sink.path = *path ? pool_copy(r->pool, path, strlen(path)) : NULL;
        sinks = pool_grow(r->pool, alert->sinks, alert->n_sinks, sizeof(*sinks));
        if (!sinks || (*path && !sink.path)) {
                r->no_memory = true;
                return;
        }
        alert->sinks = sinks;
        alert->sinks[alert->n_sinks++] = sink;
}
