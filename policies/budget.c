#include "policies/budget.h"

#include "policies/match.h"

#include <string.h>

/* Whether @section is enabled and one of its Match= globs matches @path. */
static bool matches(const BudgetSection *section, const char *path) {
        if (!section->enabled.value)
                return false;
        for (size_t i = 0; i < section->match.count; i++)
                if (match_glob(section->match.items[i].text, path))
                        return true;
        return false;
}

bool budget_any(const BudgetSection *sections, size_t n, const char *path) {
        for (size_t i = 0; i < n; i++)
                if (matches(&sections[i], path))
                        return true;
        return false;
}

static bool is_later(const Origin *a, const Origin *b) {
        return a->order > b->order;
}

void budget_collect(const BudgetSection *sections, size_t n, const char *path, Budget *ret) {
        *ret = (Budget) { 0 };
        for (size_t i = 0; i < n; i++) {
                const BudgetSection *s = &sections[i];

                if (!matches(s, path))
                        continue;
                ret->any = true;
                for (size_t key = 0; key < LIMIT_KEYS; key++)
                        if (is_later(&s->limits[key].at, &ret->limits[key].at))
                                ret->limits[key] = s->limits[key];
                if (is_later(&s->adjust_of.at, &ret->adjust_of_at)) {
                        ret->adjust_of_at = s->adjust_of.at;
                        ret->adjust_of = s->adjust_of.value ? BUDGET_ADJUST_ALL : BUDGET_ADJUST_MAIN;
                }
                if (is_later(&s->own.at, &ret->own_at)) {
                        ret->own_at = s->own.at;
                        ret->own = (BudgetOwn) s->own.value;
                }
                if (is_later(&s->risk.at, &ret->risk_at)) {
                        ret->risk_at = s->risk.at;
                        ret->risk = s->risk.value;
                }
                if (is_later(&s->kill_budget.at, &ret->kill_budget.at)) {
                        ret->kill_budget = s->kill_budget;
                        ret->kill_budget_section = s;
                }
        }
}

static bool same_label_name(const char *a, const char *b) {
        size_t n = strcspn(a, "=");

        return strcspn(b, "=") == n && memcmp(a, b, n) == 0;
}

/* Whether a later label of the same name stands somewhere in the matching sections. */
static bool is_overridden(const BudgetSection *sections, size_t n, const char *path, const ConfigItem *label) {
        for (size_t i = 0; i < n; i++) {
                if (!matches(&sections[i], path))
                        continue;
                for (size_t k = 0; k < sections[i].labels.count; k++) {
                        const ConfigItem *other = &sections[i].labels.items[k];

                        if (is_later(&other->at, &label->at) && same_label_name(other->text, label->text))
                                return true;
                }
        }
        return false;
}

const ConfigItem *budget_label(const BudgetSection *sections, size_t n, const char *path, size_t index) {
        for (size_t i = 0; i < n; i++) {
                if (!matches(&sections[i], path))
                        continue;
                for (size_t k = 0; k < sections[i].labels.count; k++) {
                        const ConfigItem *label = &sections[i].labels.items[k];

                        if (!is_overridden(sections, n, path, label) && index-- == 0)
                                return label;
                }
        }
        return NULL;
}

const ConfigItem *budget_documentation(const BudgetSection *sections, size_t n, const char *path, size_t index) {
        for (size_t i = 0; i < n; i++) {
                if (!matches(&sections[i], path))
                        continue;
                if (index < sections[i].documentation.count)
                        return &sections[i].documentation.items[index];
                index -= sections[i].documentation.count;
        }
        return NULL;
}

int64_t budget_resolve(LimitKey key, const BudgetValue *value, const BudgetFacts *facts) {
        int64_t bytes = value->value;

        if (key >= LIMIT_MEMORY_COUNT)
                return bytes;
        if (value->percent) {
                int64_t whole = facts->ram_bytes;

                if (facts->ancestors_max >= 0 && facts->ancestors_max < whole)
                        whole = facts->ancestors_max;
                bytes = whole / 10000 * value->permyriad + whole % 10000 * value->permyriad / 10000;
        }
        if (bytes == LIMIT_MAX || facts->page_size <= 0)
                return bytes;
        return bytes / facts->page_size * facts->page_size;
}

int64_t budget_effective(const int64_t *values, size_t n) {
        int64_t least = LIMIT_UNKNOWN;

        for (size_t i = 0; i < n; i++)
                if (values[i] != LIMIT_UNKNOWN && (least == LIMIT_UNKNOWN || values[i] < least))
                        least = values[i];
        return least;
}

/* Writes @n in decimal before @end, returns where it begins. */
static char *decimal(char *end, unsigned n) {
        do
                *--end = (char) ('0' + n % 10);
        while ((n /= 10) != 0);
        return end;
}

const char *origin_format(const Origin *at, char *buf, size_t size) {
        const char *base = at->file ? strrchr(at->file, '/') : NULL;
        char number[16] = "", *digits = decimal(number + sizeof(number) - 1, at->line);
        size_t n, d = strlen(digits);

        base = base ? base + 1 : at->file ? at->file : "";
        n = strlen(base);
        if (size == 0)
                return buf;
        if (d + 2 > size)
                d = 0;
        if (n + d + 2 > size)
                n = size > d + 2 ? size - d - 2 : 0;
        memcpy(buf, base, n);
        if (d) {
                buf[n++] = ':';
                memcpy(buf + n, digits, d);
                n += d;
        }
        buf[n] = '\0';
        return buf;
}
