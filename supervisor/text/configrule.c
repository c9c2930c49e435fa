#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/text/configread.h"
#include "supervisor/text/size.h"

enum { WORDS_MAX = 16, SHARE_MAX = 1000 };      /* SHARE_MAX: %, of what is raised or left room */

static const uint64_t FREEZE_MAX_USEC = UINT64_C(30) * 1000000;

/* What a condition's value may be, and whether `over T` makes sense. */
static const struct {
        bool share, bytes, count, time, truth; /* forms of VALUE */
        bool over, only_below;
        uint64_t over_usec;                    /* where not given */
} forms[RULE_WHATS] = {
        [RULE_MEMORY_SOME] = { .share = true, .over = true, .over_usec = 2000000 },
        [RULE_MEMORY_FULL] = { .share = true, .over = true, .over_usec = 2000000 },
        [RULE_USAGE] = { .share = true, .bytes = true },
        [RULE_UNRECLAIMABLE] = { .share = true, .bytes = true },
        [RULE_SWAP] = { .share = true, .bytes = true },
        [RULE_GROWTH] = { .bytes = true, .over = true, .over_usec = 10000000 },
        [RULE_REFAULT] = { .bytes = true, .over = true, .over_usec = 10000000 },
        [RULE_HIGH] = { .count = true },
        [RULE_MAX] = { .count = true },
        [RULE_OOM] = { .count = true },
        [RULE_OOM_KILL] = { .count = true },
        [RULE_TIME_TO_LIMIT] = { .time = true, .only_below = true },
        [RULE_LIVELOCK] = { .truth = true },
        [RULE_HOST_AVAILABLE] = { .share = true, .bytes = true },
        [RULE_HOST_SWAP] = { .share = true, .bytes = true },
};

typedef struct Words {
        char *words[WORDS_MAX];
        size_t count, at;
} Words;

/* Cuts @text into words, < and > being words of their own. Returns 0, -E2BIG, or -ENOMEM. */
static int words_split(Reader *r, const char *text, Words *ret) {
        char *copy = pool_alloc(r->pool, strlen(text) * 3 + 1), *p = copy, *rest = NULL;

        *ret = (Words) { 0 };
        if (!copy) {
                r->no_memory = true;
                return -ENOMEM;
        }
        for (; *text; text++)
                if (*text == '<' || *text == '>') {
                        *p++ = ' ';
                        *p++ = *text;
                        *p++ = ' ';
                } else
                        *p++ = *text;
        for (char *w = strtok_r(copy, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
                if (ret->count == WORDS_MAX)
                        return -E2BIG;
                ret->words[ret->count++] = w;
        }
        return 0;
}

static const char *peek(const Words *w) {
        return w->at < w->count ? w->words[w->at] : "";
}

static const char *next(Words *w) {
        return w->at < w->count ? w->words[w->at++] : "";
}

/* Joins the words up to @stop (or the end) with spaces. */
static void join_until(Words *w, const char *stop, char *buf, size_t size) {
        size_t n = 0;

        buf[0] = '\0';
        while (w->at < w->count && strcmp(peek(w), stop) != 0 && n < size)
                n += (size_t) snprintf(buf + n, size - n, "%s%s", n ? " " : "", next(w));
}

/* Takes the words, as many as there are, that are a time: "10s", "1min 30s", "5 min". Returns 0 or -EINVAL. */
static int time_take(Words *w, uint64_t *ret_usec) {
        char text[128];

        for (size_t end = w->count; end > w->at; end--) {
                size_t n = 0;

                for (size_t i = w->at; i < end && n < sizeof(text); i++)
                        n += (size_t) snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", w->words[i]);
                if (n < sizeof(text) && duration_parse(text, ret_usec) == 0) {
                        w->at = end;
                        return 0;
                }
        }
        return -EINVAL;
}

static int what_parse(Reader *r, const char *name, RuleCondition *c) {
        char plain[64];
        size_t n = strlen(name);

        if (n > 6 && strcmp(name + n - 6, ".local") == 0) {
                c->local = true;
                n -= 6;
        }
        if (n >= sizeof(plain))
                n = sizeof(plain) - 1;
        memcpy(plain, name, n);
        plain[n] = '\0';
        for (int i = 0; i < RULE_WHATS; i++)
                if (strcmp(rule_what_to_string(i), plain) == 0) {
                        c->what = (RuleWhat) i;
                        if (c->local && i != RULE_MAX && i != RULE_OOM) {
                                reader_complain(r, "'%s': .local stands after max and oom only", name);
                                return -EINVAL;
                        }
                        return 0;
                }
        reader_complain(r, "'%s' is nothing that can be measured; there are memory.some, memory.full, usage, unreclaimable, "
                        "swap, growth, refault, high, max, oom, oom_kill, time_to_limit, livelock, host.available and host.swap",
                        name);
        return -EINVAL;
}

static int value_parse(Reader *r, const char *text, RuleCondition *c) {
        const char *name = rule_what_to_string((int) c->what);
        uint32_t permyriad;
        Quota quota = { 0 };

        if (forms[c->what].share && percent_parse(text, &permyriad) == 0) {
                c->unit = RULE_SHARE;
                c->ratio = permyriad / 10000.0;
        } else if (forms[c->what].bytes && size_parse(text, &c->value) == 0)
                c->unit = RULE_BYTES;
        else if (forms[c->what].count && config_quota(text, &quota) == 0) {
                c->unit = RULE_COUNT;
                c->value = quota.count;
                c->per_usec = quota.per_usec;
        } else if (forms[c->what].time && duration_parse(text, &c->value) == 0)
                c->unit = RULE_TIME;
        else {
                reader_complain(r, "%s is compared with %s, not with '%s'", name,
                                forms[c->what].count   ? "a count within a time (5 per 10s)"
                                : forms[c->what].time  ? "a time (30s)"
                                : !forms[c->what].share ? "bytes per second (10M)"
                                : forms[c->what].bytes ? "a size (512M) or a share (90%)"
                                                       : "a share (20%)",
                                text);
                return -EINVAL;
        }
        return 0;
}

/* The comparison "> VALUE", which livelock has not. */
static int comparison_parse(Reader *r, Words *w, RuleCondition *c) {
        const char *name = rule_what_to_string((int) c->what), *sign = peek(w);
        char value[128];

        if (forms[c->what].truth) {
                c->unit = RULE_TRUTH;
                if (*sign == '<' || *sign == '>') {
                        reader_complain(r, "%s is compared with nothing: %s for 60s", name, name);
                        return -EINVAL;
                }
                return 0;
        }
        if (strcmp(sign, "<") != 0 && strcmp(sign, ">") != 0) {
                reader_complain(r, "wants > or < after %s, then a value", name);
                return -EINVAL;
        }
        c->below = *next(w) == '<';
        if (!c->below && forms[c->what].only_below) {
                reader_complain(r, "%s is compared by < only", name);
                return -EINVAL;
        }
        join_until(w, "for", value, sizeof(value));
        return value_parse(r, value, c);
}

static int condition_parse(Reader *r, const char *text, RuleCondition *c) {
        Words w;
        int error = words_split(r, text, &w);

        if (error < 0) {
                if (error == -E2BIG)
                        reader_complain(r, "'%s' is longer than NAME [over T] > VALUE [for T]", text);
                return error;
        }
        error = what_parse(r, next(&w), c);
        if (error < 0)
                return error;
        c->over_usec = forms[c->what].over_usec;
        if (strcmp(peek(&w), "over") == 0) {
                (void) next(&w);
                if (!forms[c->what].over) {
                        reader_complain(r, "%s is no average: it cannot be taken over a time", rule_what_to_string((int) c->what));
                        return -EINVAL;
                }
                if (time_take(&w, &c->over_usec) < 0 || c->over_usec < 100000 || c->over_usec > UINT64_C(3600000000)) {
                        reader_complain(r, "'over' wants a time from 100ms to 1h after it");
                        return -EINVAL;
                }
        }
        error = comparison_parse(r, &w, c);
        if (error < 0)
                return error;
        if (strcmp(peek(&w), "for") == 0) {
                (void) next(&w);
                if (time_take(&w, &c->for_usec) < 0 || c->for_usec == 0 || c->for_usec == DURATION_INFINITY) {
                        reader_complain(r, "'for' wants a time above 0 after it");
                        return -EINVAL;
                }
        }
        if (w.at < w.count) {
                reader_complain(r, "does not expect '%s' there; a condition is NAME [over T] > VALUE [for T]", peek(&w));
                return -EINVAL;
        }
        return 0;
}

void config_parse_when(Reader *r, const char *value, void *target, const void *detail) {
        RuleSection *rule = target;
        RuleCondition c = { .at = reader_origin(r) }, *when;

        (void) detail;
        if (!*value) {
                rule->when = NULL;
                rule->n_when = 0;
                return;
        }
        if (condition_parse(r, value, &c) < 0)
                return;
        c.text = pool_copy(r->pool, value, strlen(value));
        when = pool_grow(r->pool, rule->when, rule->n_when, sizeof(*when));
        if (!c.text || !when) {
                r->no_memory = true;
                return;
        }
        rule->when = when;
        rule->when[rule->n_when++] = c;
}

static int percent_word(Reader *r, Words *w, RuleStep *s) {
        uint32_t permyriad;

        if (percent_parse_up_to(next(w), SHARE_MAX, &permyriad) < 0 || permyriad == 0) {
                reader_complain(r, "%s wants a share up to %d%% after it (as %s)", rule_action_to_string((int) s->action), SHARE_MAX,
                                s->action == RULE_RAISE ? "raise 10% up to 1G" : "throttle 80%");
                return -EINVAL;
        }
        s->ratio = permyriad / 10000.0;
        return 0;
}

static int time_word(Reader *r, Words *w, RuleStep *s) {
        if (time_take(w, &s->usec) < 0 || s->usec == 0 || s->usec == DURATION_INFINITY) {
                reader_complain(r, "%s wants a time after it (as 10s)", rule_action_to_string((int) s->action));
                return -EINVAL;
        }
        if (s->action == RULE_FREEZE && s->usec > FREEZE_MAX_USEC) {
                reader_complain(r, "freeze lasts 30s at most");
                return -EINVAL;
        }
        return 0;
}

static int size_word(Reader *r, Words *w, RuleStep *s) {
        if (size_parse(next(w), &s->bytes) < 0 || s->bytes == 0) {
                reader_complain(r, "%s wants a size after it (as 64M)", s->action == RULE_RAISE ? "up to" : "reclaim");
                return -EINVAL;
        }
        return 0;
}

static int raise_words(Reader *r, Words *w, RuleStep *s) {
        int error = percent_word(r, w, s);

        if (error < 0)
                return error;
        if (strcmp(next(w), "up") != 0 || strcmp(next(w), "to") != 0) {
                reader_complain(r, "raise wants 'up to SIZE' (as raise 10%% up to 1G)");
                return -EINVAL;
        }
        return size_word(r, w, s);
}

static int arguments_parse(Reader *r, Words *w, RuleStep *s) {
        switch (s->action) {
        case RULE_RECLAIM:
                return size_word(r, w, s);
        case RULE_THROTTLE:
                return percent_word(r, w, s);
        case RULE_RAISE:
                return raise_words(r, w, s);
        case RULE_FREEZE:
        case RULE_TERM:
                return time_word(r, w, s);
        case RULE_EXEC:
                s->path = next(w);
                if (*s->path != '/') {
                        reader_complain(r, "exec wants a path that begins with / after it");
                        return -EINVAL;
                }
                return 0;
        default:
                return 0;
        }
}

static int step_parse(Reader *r, const char *text, RuleStep *s) {
        const char *word;
        Words w;
        int error = words_split(r, text, &w);

        if (error < 0) {
                if (error == -E2BIG)
                        reader_complain(r, "'%s' is longer than a step can be", text);
                return error;
        }
        word = next(&w);
        s->action = RULE_ACTIONS;
        for (int i = 0; i < RULE_ACTIONS; i++)
                if (strcmp(rule_action_to_string(i), word) == 0)
                        s->action = (RuleAction) i;
        if (s->action == RULE_ACTIONS) {
                reader_complain(r, "'%s' is no step; there are notify, reclaim SIZE, throttle N%%, relax, raise N%% up to SIZE, "
                                "freeze T, term T, kill, restart and exec PATH", word);
                return -EINVAL;
        }
        error = arguments_parse(r, &w, s);
        if (error == 0 && w.at < w.count) {
                reader_complain(r, "does not expect '%s' after %s", peek(&w), rule_action_to_string((int) s->action));
                return -EINVAL;
        }
        return error;
}

void config_parse_then(Reader *r, const char *value, void *target, const void *detail) {
        RuleSection *rule = target;
        RuleStep s = { .at = reader_origin(r) }, *then;

        (void) detail;
        if (!*value) {
                rule->then = NULL;
                rule->n_then = 0;
                return;
        }
        if (step_parse(r, value, &s) < 0)
                return;
        s.text = pool_copy(r->pool, value, strlen(value));
        then = pool_grow(r->pool, rule->then, rule->n_then, sizeof(*then));
        if (!s.text || !then) {
                r->no_memory = true;
                return;
        }
        rule->then = then;
        rule->then[rule->n_then++] = s;
}
