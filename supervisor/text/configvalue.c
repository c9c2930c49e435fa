#include "supervisor/text/configvalue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "supervisor/base/fd.h"
#include "supervisor/text/size.h"

int config_word_index(const char *const *words, const char *value) {
        for (int i = 0; words[i]; i++)
                if (strcmp(words[i], value) == 0)
                        return i;
        return -1;
}

void config_complain_words(Reader *r, const char *const *words, const char *value) {
        char all[256] = "";
        size_t n = 0;

        for (size_t i = 0; words[i] && n < sizeof(all); i++)
                n += (size_t) snprintf(all + n, sizeof(all) - n, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
        reader_complain(r, "'%s' is none of %s", value, all);
}

/* As systemd takes them, in either case. */
static int boolean(const char *value) {
        static const char *const words[] = { "no", "yes", "n", "y", "false", "true", "f", "t", "off", "on", "0", "1" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (strcasecmp(words[i], value) == 0)
                        return (int) (i % 2);
        return -EINVAL;
}

/* The index of @value in @words; where yes and no are of them, other words for these will do. */
static int word_index(const char *const *words, const char *value) {
        int i = config_word_index(words, value), b = boolean(value);

        return i < 0 && b >= 0 ? config_word_index(words, b ? "yes" : "no") : i;
}

void config_parse_word(Reader *r, const char *value, void *target, const void *detail) {
        int i = word_index(detail, value);

        if (i < 0)
                config_complain_words(r, detail, value);
        else
                *(int *) target = i;
}

void config_parse_word_switch(Reader *r, const char *value, void *target, const void *detail) {
        BudgetSwitch *s = target;
        int i = word_index(detail, value);

        if (!*value)
                *s = (BudgetSwitch) { 0 };
        else if (i < 0)
                config_complain_words(r, detail, value);
        else
                *s = (BudgetSwitch) { .at = reader_origin(r), .value = i };
}

void config_parse_bool(Reader *r, const char *value, void *target, const void *detail) {
        int b = boolean(value);

        (void) detail;
        if (b < 0)
                reader_complain(r, "'%s' is neither yes nor no", value);
        else
                *(bool *) target = b;
}

void config_parse_bool_switch(Reader *r, const char *value, void *target, const void *detail) {
        BudgetSwitch *s = target;
        int b = boolean(value);

        if (!*value)
                *s = (BudgetSwitch) { .value = detail ? *(const int *) detail : 0 };
        else if (b < 0)
                reader_complain(r, "'%s' is neither yes nor no", value);
        else
                *s = (BudgetSwitch) { .at = reader_origin(r), .value = b };
}

static int number(const char *value, uint64_t *ret) {
        char *end = NULL;

        if (*value < '0' || *value > '9')
                return -EINVAL;
        errno = 0;
        *ret = strtoull(value, &end, 10);
        return *end ? -EINVAL : errno ? -ERANGE : 0;
}

void config_parse_number(Reader *r, const char *value, void *target, const void *detail) {
        uint64_t n, least = detail ? *(const uint64_t *) detail : 0;

        if (number(value, &n) < 0)
                reader_complain(r, "'%s' is no number", value);
        else if (n < least)
                reader_complain(r, "cannot be below %" PRIu64, least);
        else
                *(uint64_t *) target = n;
}

void config_parse_number_switch(Reader *r, const char *value, void *target, const void *detail) {
        BudgetSwitch *s = target;
        uint64_t n;

        (void) detail;
        if (!*value)
                *s = (BudgetSwitch) { 0 };
        else if (number(value, &n) < 0 || n > 1000)
                reader_complain(r, "'%s' is no number from 0 to 1000", value);
        else
                *s = (BudgetSwitch) { .at = reader_origin(r), .value = (int) n };
}

void config_parse_duration(Reader *r, const char *value, void *target, const void *detail) {
        (void) detail;
        if (!*value)
                *(uint64_t *) target = 0;
        else if (duration_parse(value, target) < 0)
                reader_complain(r, "'%s' is no time (as 10s, 5min, 1h 30min, 90d)", value);
}

void config_parse_duration_always(Reader *r, const char *value, void *target, const void *detail) {
        if (!*value)
                reader_complain(r, "wants a time (as 90d; 0 is without bound)");
        else
                config_parse_duration(r, value, target, detail);
}

void config_parse_wait(Reader *r, const char *value, void *target, const void *detail) {
        uint64_t usec = 0;

        config_parse_duration(r, value, &usec, detail);
        if (*value && duration_parse(value, &usec) == 0 && (usec == 0 || usec == DURATION_INFINITY))
                reader_complain(r, "'%s' is too %s a time to wait", value, usec ? "long" : "short");
        else
                *(uint64_t *) target = usec;
}

void config_parse_size(Reader *r, const char *value, void *target, const void *detail) {
        (void) detail;
        if (size_parse(value, target) < 0)
                reader_complain(r, "'%s' is no size (as 128K, 512M, 1G)", value);
}

void config_parse_ring(Reader *r, const char *value, void *target, const void *detail) {
        uint64_t bytes;

        if (size_parse(value, &bytes) < 0 || bytes < 16 * 1024 || bytes > UINT64_C(1) << 30) {
                reader_complain(r, "'%s' is no size from 16K to 1G", value);
                return;
        }
        *(uint64_t *) target = bytes;
        /* The flag stands at a fixed distance, given by @detail. */
        *((bool *) target + *(const ptrdiff_t *) detail) = true;
}

int config_quota(const char *text, Quota *ret) {
        char count[32];
        const char *per = strstr(text, " per ");
        uint64_t n, usec;
        size_t length = per ? (size_t) (per - text) : 0;

        while (length > 0 && text[length - 1] == ' ')
                length--;
        if (length == 0 || length >= sizeof(count))
                return -EINVAL;
        memcpy(count, text, length);
        count[length] = '\0';
        if (number(count, &n) < 0 || duration_parse(per + 5, &usec) < 0 || usec == 0 || usec == DURATION_INFINITY)
                return -EINVAL;
        ret->count = n;
        ret->per_usec = usec;
        return 0;
}

void config_parse_quota(Reader *r, const char *value, void *target, const void *detail) {
        Quota *q = target;

        (void) detail;
        if (!*value)
                *q = (Quota) { 0 };
        else if (config_quota(value, q) < 0)
                reader_complain(r, "'%s' is no count within a time (as 5 per 1h)", value);
        else
                q->at = reader_origin(r);
}

void config_parse_quota_always(Reader *r, const char *value, void *target, const void *detail) {
        if (!*value)
                reader_complain(r, "wants a count within a time (as 5 per 1h)");
        else
                config_parse_quota(r, value, target, detail);
}

int config_parse_limit(LimitKey key, const char *text, BudgetValue *ret, char *reterr_why, size_t why_size) {
        BudgetValue v = { .at = ret->at };
        uint64_t bytes;
        int b;

        if (key == LIMIT_OOM_GROUP) {
                b = boolean(text);
                if (b < 0) {
                        (void) snprintf(reterr_why, why_size, "'%s' is neither yes nor no", text);
                        return -EINVAL;
                }
                v.value = b;
        } else if (key == LIMIT_OOM_SCORE_ADJUST) {
                char *end = NULL;
                long n = strtol(text, &end, 10);

                if (end == text || *end || n < -1000 || n > 1000) {
                        (void) snprintf(reterr_why, why_size, "'%s' is no number from -1000 to 1000", text);
                        return -EINVAL;
                }
                v.value = n;
        } else if (strcmp(text, "max") == 0 || strcmp(text, "infinity") == 0)
                v.value = LIMIT_MAX;
        else if (percent_parse(text, &v.permyriad) == 0)
                v.percent = true;
        else if (size_parse(text, &bytes) == 0)
                v.value = (int64_t) bytes;
        else {
                (void) snprintf(reterr_why, why_size, "'%s' is no size (512M), share (50%%) or max", text);
                return -EINVAL;
        }
        *ret = v;
        return 0;
}

void config_parse_limit_value(Reader *r, const char *value, void *target, const void *detail) {
        BudgetValue v = { .at = reader_origin(r) };
        char why[256];

        (void) detail;
        if (!*value)
                *(BudgetValue *) target = (BudgetValue) { 0 };
        else if (config_parse_limit((LimitKey) limit_key_from_string(r->key), value, &v, why, sizeof(why)) < 0)
                reader_complain(r, "%s", why);
        else
                *(BudgetValue *) target = v;
}
