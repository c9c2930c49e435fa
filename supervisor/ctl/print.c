#include "supervisor/ctl/print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/human.h"
#include "supervisor/text/wrap.h"

const char *print_cell(const char *text, char cell[static PRINT_CELL_SIZE]) {
        Strbuf b = { .data = cell, .size = PRINT_CELL_SIZE };

        cell[0] = '\0';
        if (text)
                escape_terminal(&b, text, strlen(text), /* escaped= */ true);
        return cell;
}

void print_name(FILE *out, const char *text) {
        char cell[PRINT_CELL_SIZE];

        /* Longer texts are written piece by piece, cut between characters. */
        for (size_t left = text ? strlen(text) : 0; left > 0;) {
                Strbuf b = STRBUF_INIT(cell);
                size_t piece = left < 200 ? left : 200;

                while (piece > 1 && piece < left && ((unsigned char) text[piece] & 0xc0) == 0x80)
                        piece--;
                cell[0] = '\0';
                escape_terminal(&b, text, piece, /* escaped= */ true);
                (void) fputs(cell, out);
                text += piece;
                left -= piece;
        }
}

int print_json(const CtlContext *c, const json_t *object) {
        _cleanup_free_ char *text = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY | (c->terminal ? JSON_ENSURE_ASCII : 0));

        if (!text) {
                (void) fprintf(stderr, "reevectl: no memory left\n");
                return CTL_FAILED;
        }
        return puts(text) < 0 ? CTL_FAILED : CTL_DONE;
}

void print_style(const CtlContext *c, TableStyle style) {
        if (c->color)
                (void) fputs(style == TABLE_PLAIN ? table_style_end() : table_style_begin(style), stdout);
}

/* Paragraphs that open with a phrase and a colon have it in bold: the eye finds its way down the page by them. */
static void emphasized_print(const CtlContext *c, const char *text) {
        bool opens = true;

        while (*text) {
                size_t length = strcspn(text, "\n"), phrase = strcspn(text, ":\n");
                bool bold = opens && text[phrase] == ':' && phrase < 60 && text[0] != ' ' && text[0] != '-';

                if (bold) {
                        print_style(c, TABLE_BOLD);
                        (void) printf("%.*s:", (int) phrase, text);
                        print_style(c, TABLE_PLAIN);
                }
                (void) printf("%.*s\n", (int) (length - (bold ? phrase + 1 : 0)), text + (bold ? phrase + 1 : 0));
                opens = length == 0;
                text += length + (text[length] == '\n');
        }
}

void print_explanation(const CtlContext *c, const char *text) {
        size_t width = c->width > 100 ? 100 : c->width;
        _cleanup_free_ char *safe = NULL, *wrapped = NULL;
        size_t size = 0, wrapped_size = 0;
        FILE *f = open_memstream(&safe, &size);

        if (!f)
                return;
        while (*text) {
                size_t length = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, length);

                print_name(f, line);
                (void) fputc('\n', f);
                text += length + (text[length] == '\n');
        }
        if (fclose(f) != 0 || !(f = open_memstream(&wrapped, &wrapped_size)))
                return;
        wrap_write(f, safe, width);
        if (fclose(f) == 0)
                emphasized_print(c, wrapped);
}

void print_hint(const CtlContext *c, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL;
                return;
        }
        print_style(c, TABLE_DIM);
        wrap_write(stdout, text, c->width);
        print_style(c, TABLE_PLAIN);
}

void print_indented(const CtlContext *c, const char *text, size_t indent) {
        _cleanup_free_ char *wrapped = NULL;
        size_t size = 0;
        FILE *f = c->width >= indent + 30 ? open_memstream(&wrapped, &size) : NULL;

        if (!f) {
                (void) puts(text);
                return;
        }
        wrap_write(f, text, c->width - indent);
        if (fclose(f) != 0)
                return;
        for (const char *line = wrapped; *line;) {
                size_t length = strcspn(line, "\n");

                (void) printf("%*s%.*s\n", line == wrapped ? 0 : (int) indent, "", (int) length, line);
                line += length + (line[length] == '\n');
        }
}

const char *print_stamp(const CtlContext *c, const char *time, char text[static PRINT_CELL_SIZE]) {
        int64_t usec;
        time_t seconds;
        struct tm tm;

        if (!c->terminal || human_rfc3339_parse(time, &usec) < 0)
                return print_moment(c, time, text);
        seconds = (time_t) (usec / 1000000);
        if (!localtime_r(&seconds, &tm))
                return print_moment(c, time, text);
        if (llabs((long long) (c->now_usec - usec)) < 300LL * 86400 * 1000000)
                (void) strftime(text, PRINT_CELL_SIZE, "%b %e %H:%M", &tm);
        else
                (void) strftime(text, PRINT_CELL_SIZE, "%Y-%m-%d", &tm);
        return text;
}

const char *print_usec(const CtlContext *c, int64_t usec, char text[static HUMAN_MOMENT_SIZE]) {
        time_t seconds = (time_t) (usec / 1000000);
        struct tm tm;

        /* What goes to a file or a program must mean the same tomorrow. */
        if (c->terminal || !localtime_r(&seconds, &tm) || strftime(text, HUMAN_MOMENT_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
                (void) human_moment(usec, c->now_usec, text);
        return text;
}

const char *print_moment(const CtlContext *c, const char *time, char text[static PRINT_CELL_SIZE]) {
        int64_t usec;

        if (human_rfc3339_parse(time, &usec) < 0)
                (void) snprintf(text, PRINT_CELL_SIZE, "?");
        else
                (void) print_usec(c, usec, text);
        return text;
}

static bool ends_with(const char *text, const char *end) {
        size_t a = strlen(text), b = strlen(end);

        return a >= b && strcmp(text + a - b, end) == 0;
}

/* "536870912" as "512M (536870912)", times of the boot clock and the rest as they are. */
static void scalar_put(const char *key, const json_t *value) {
        char text[HUMAN_SIZE];

        (void) fputc(' ', stdout);
        if (json_is_string(value))
                print_name(stdout, json_string_value(value));
        else if (json_is_boolean(value))
                (void) fputs(json_is_true(value) ? "yes" : "no", stdout);
        else if (json_is_integer(value) && ends_with(key, "_bytes") && json_integer_value(value) >= 1024)
                (void) printf("%s (%" JSON_INTEGER_FORMAT ")", human_bytes(json_integer_value(value), text), json_integer_value(value));
        else if (json_is_integer(value))
                (void) printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else if (json_is_real(value) && ends_with(key, "_ratio"))
                (void) printf("%.1f %%", 100 * json_real_value(value));
        else if (json_is_real(value))
                (void) printf("%g", json_real_value(value));
        (void) fputc('\n', stdout);
}

static bool is_cgroup(const json_t *value) {
        return json_is_object(value) && json_object_size(value) == 2 && json_object_get(value, "path") && json_object_get(value, "id");
}

static void cgroup_put(const json_t *cgroup) {
        const json_t *path = json_object_get(cgroup, "path"), *id = json_object_get(cgroup, "id");

        (void) fputc(' ', stdout);
        print_name(stdout, json_is_string(path) ? json_string_value(path) : "(name not known)");
        if (json_is_integer(id))
                (void) printf(" (id %" JSON_INTEGER_FORMAT ")", json_integer_value(id));
        (void) fputc('\n', stdout);
}

/* What print_tree() carries along. */
typedef struct Tree {
        const CtlContext *context;
        const json_t *unlimited;        /* paths of limits that are null because there is none */
        FILE *unknown;                  /* the names of what is null */
        size_t n_unknown;
} Tree;

static void members_put(Tree *t, const json_t *object, int depth, const char *prefix, bool dash);

/* An array, @path in the record: of scalars on one line, of objects each begun by a dash. */
static void array_put(Tree *t, const json_t *array, int depth, const char *path) {
        const json_t *one;
        size_t i;

        if (json_array_size(array) == 0) {
                (void) puts(" none");
                return;
        }
        if (!json_is_object(json_array_get(array, 0))) {
                json_array_foreach(array, i, one) {
                        (void) fputs(i > 0 ? ", " : " ", stdout);
                        print_name(stdout, json_is_string(one) ? json_string_value(one) : "?");
                }
                (void) fputc('\n', stdout);
                return;
        }
        (void) fputc('\n', stdout);
        json_array_foreach(array, i, one) {
                char prefix[256];

                (void) snprintf(prefix, sizeof(prefix), "%.200s[%zu].", path, i);
                members_put(t, one, depth + 1, prefix, /* dash= */ true);
        }
}

static void key_put(const Tree *t, const char *key, int depth, bool dash) {
        print_style(t->context, TABLE_DIM);
        (void) printf("%*s%s", dash ? depth * 2 - 2 : depth * 2, "", dash ? "- " : "");
        print_name(stdout, key);
        (void) fputc(':', stdout);
        print_style(t->context, TABLE_PLAIN);
}

static void member_put(Tree *t, const char *key, const json_t *value, int depth, const char *prefix, bool dash) {
        char deeper[256];

        key_put(t, key, depth, dash);
        if (is_cgroup(value))
                cgroup_put(value);
        else if (json_is_object(value)) {
                (void) fputc('\n', stdout);
                (void) snprintf(deeper, sizeof(deeper), "%s%s.", prefix ? prefix : "", key);
                members_put(t, value, depth + 1, prefix ? deeper : NULL, /* dash= */ false);
        } else if (json_is_array(value)) {
                (void) snprintf(deeper, sizeof(deeper), "%s%s", prefix ? prefix : "", key);
                array_put(t, value, depth + 1, deeper);
        }
        else
                scalar_put(key, value);
}

/* Whether nothing in @value is known. */
static bool all_null(const json_t *value) {
        const char *key;
        json_t *one;

        if (!json_is_object(value))
                return json_is_null(value);
        json_object_foreach((json_t *) (uintptr_t) value, key, one)
                if (!all_null(one))
                        return false;
        return true;
}

static bool is_unlimited(const Tree *t, const char *path) {
        const json_t *one;
        size_t i;

        json_array_foreach(t->unlimited, i, one)
                if (json_is_string(one) && strcmp(json_string_value(one), path) == 0)
                        return true;
        return false;
}

static void members_put(Tree *t, const json_t *object, int depth, const char *prefix, bool dash) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *) (uintptr_t) object, key, value) {
                char path[256];

                (void) snprintf(path, sizeof(path), "%s%s", prefix ? prefix : "", key);
                /* The limits in it say so themselves. */
                if (depth == 0 && strcmp(key, "unlimited") == 0)
                        continue;
                if (!all_null(value))
                        member_put(t, key, value, depth, prefix, dash);
                else if (prefix && is_unlimited(t, path)) {
                        key_put(t, key, depth, dash);
                        (void) puts(" no limit");
                } else {
                        /* What is not known of each of many would be a long list that says little. */
                        if (prefix && !strchr(prefix, '['))
                                (void) fprintf(t->unknown, "%s%s", t->n_unknown++ > 0 ? ", " : "", path);
                        continue;
                }
                dash = false;
        }
}

void print_tree(const CtlContext *c, const json_t *object) {
        _cleanup_free_ char *unknown = NULL;
        size_t size = 0;
        Tree t = { .context = c, .unlimited = json_object_get(object, "unlimited"), .unknown = open_memstream(&unknown, &size) };

        if (!t.unknown)
                return;
        members_put(&t, object, 0, "", /* dash= */ false);
        if (fclose(t.unknown) == 0 && t.n_unknown > 0)
                print_hint(c, "Not known: %s\n", unknown);
}
