#include "supervisor/text/configini.h"

#include <ctype.h>
#include <errno.h>
#include <ini_configobj.h>
#include <ini_valueobj.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"

enum {
        FILE_MAX = 1024 * 1024,
        ROUNDS_MAX = 64,                 /* libini stops a section at some errors: each round strikes those it told out */
};

static unsigned line_of(const char *text, const char *at) {
        unsigned line = 1;

        for (; text < at; text++)
                line += *text == '\n';
        return line;
}

/* The first byte that is not UTF-8, or NULL. */
static const char *utf8_fault(const char *s, size_t length) {
        const unsigned char *p = (const unsigned char *) s, *end = p + length;

        while (p < end) {
                unsigned need = *p < 0x80 ? 0 : *p < 0xc2 ? 9 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : *p < 0xf5 ? 3 : 9;

                if (need == 9 || (size_t) (end - p) <= need)
                        return (const char *) p;
                for (unsigned i = 1; i <= need; i++)
                        if ((p[i] & 0xc0) != 0x80)
                                return (const char *) p;
                p += need + 1;
        }
        return NULL;
}

static const char HEADER_STRUCK = '\x01';

/* Whether the line that ends at @end goes on in the next: an odd number of backslashes stands there. */
static bool is_continued(const char *start, const char *end) {
        const char *p = end;

        while (p > start && p[-1] == '\\')
                p--;
        return (end - p) % 2 == 1;
}

/* Copies @text as systemd reads its lines, and ends it with a newline and a NUL: without blanks at their start and without
 * comments; what is continued after a backslash stands in the line where it began, a blank in the backslash's place. As many
 * lines come out as went in, so that their numbers stay right. */
static void lines_copy(char *to, const char *text, size_t length) {
        const char *end = text + length;
        unsigned owed = 0;               /* ends of lines that went into the one before */

        for (const char *next; text < end; text = next) {
                const char *stop = memchr(text, '\n', (size_t) (end - text));

                next = stop ? stop + 1 : end;
                stop = stop ? stop : end;
                if (stop > text && stop[-1] == '\r')
                        stop--;
                while (text < stop && strchr(" \t\r\f\v", *text))
                        text++;
                owed++;
                if (text < stop && (*text == '#' || *text == ';')) {
                        /* Also between two lines of which the second goes on with the first. */
                        if (owed > 1)
                                continue;
                } else {
                        to = mempcpy(to, text, (size_t) (stop - text));
                        if (is_continued(text, stop)) {
                                to[-1] = ' ';
                                continue;
                        }
                }
                for (; owed > 0; owed--)
                        *to++ = '\n';
        }
        for (owed += length == 0; owed > 0; owed--)
                *to++ = '\n';
        *to = '\0';
}

/* A copy as lines_copy() makes it, without byte order mark. NULL where it is no text at all (with a complaint) or there is no
 * memory (then *@ret_error says so). */
static char *text_prepare(const ConfigFile *file, Complaints *reterr, int *ret_error) {
        const char *text = file->text, *fault;
        size_t length = file->length;
        char *copy;

        *ret_error = 0;
        if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
                text += 3;
                length -= 3;
        }
        if (length > FILE_MAX) {
                complaints_add(reterr, false, file->name, 0, "larger than 1M: no configuration");
                return NULL;
        }
        fault = memchr(text, '\0', length);
        if (!fault)
                fault = utf8_fault(text, length);
        if (fault) {
                complaints_add(reterr, false, file->name, line_of(text, fault),
                               "byte 0x%02x is not UTF-8 text; write names of other bytes as \\xNN",
                               (unsigned) (unsigned char) *fault);
                return NULL;
        }
        copy = malloc(length + 2);
        if (!copy) {
                *ret_error = -ENOMEM;
                return NULL;
        }
        lines_copy(copy, text, length);
        return copy;
}

static char *line_start(char *text, unsigned line) {
        while (line > 1 && (text = strchr(text, '\n'))) {
                text++;
                line--;
        }
        return text && *text ? text : NULL;
}

/* Turns what libini complains of into our complaints, and each such line into a comment. Returns how many were struck out. */
static size_t errors_take(struct ini_cfgobj *object, const ConfigFile *file, char *text, Complaints *reterr) {
        char **errors = NULL;
        size_t struck = 0;

        if (ini_config_get_errors(object, &errors) != 0)
                return 0;
        for (size_t i = 0; errors && errors[i]; i++) {
                const char *words = strstr(errors[i], "on line ");
                unsigned line = words ? (unsigned) strtoul(words + 8, NULL, 10) : 0;
                char *at = line ? line_start(text, line) : NULL;

                words = words ? strstr(words, ": ") : NULL;
                if (at && *at == '#')
                        continue;
                complaints_add(reterr, false, file->name, line, "%s", words ? words + 2 : errors[i]);
                if (at && *at != '\n') {
                        /* A broken header: what follows belongs to no section rather than to the one before. */
                        if (*at == '[' && at[1] != '\n')
                                at[1] = HEADER_STRUCK;
                        *at = '#';
                        struck++;
                }
        }
        ini_config_free_errors(errors);
        return struck;
}

static struct ini_cfgobj *object_free(struct ini_cfgobj *object) {
        if (object)
                ini_config_destroy(object);
        return NULL;
}

/* One pass of libini over @text. *@ret_errors tells whether it complained. */
static int object_parse(const char *text, struct ini_cfgobj **ret) {
        struct ini_cfgobj *object = NULL;
        struct ini_cfgfile *memory = NULL;
        _cleanup_free_ char *copy = strdup(text);
        int r;

        if (!copy || ini_config_create(&object) != 0)
                return -ENOMEM;
        r = ini_config_file_from_mem(copy, (uint32_t) strlen(copy), &memory);
        if (r != 0) {
                object = object_free(object);
                return r == ENOMEM ? -ENOMEM : -EBADMSG;
        }
        (void) ini_config_parse(memory, INI_STOP_ON_NONE, INI_MV1S_ALLOW | INI_MV2S_ALLOW | INI_MS_MERGE,
                                INI_PARSE_NOWRAP | INI_PARSE_NO_C_COMMENTS, object);
        ini_config_file_destroy(memory);
        *ret = object;
        return 0;
}

/* Parses until libini has no more complaints; what it complained of is a comment in @text afterwards. */
static int object_settle(const ConfigFile *file, char *text, struct ini_cfgobj **ret, Complaints *reterr) {
        for (unsigned round = 0; round < ROUNDS_MAX; round++) {
                struct ini_cfgobj *object = NULL;
                int r = object_parse(text, &object);

                if (r == -EBADMSG) {
                        complaints_add(reterr, false, file->name, 0, "not understood as text");
                        return r;
                }
                if (r < 0)
                        return r;
                if (ini_config_error_count(object) == 0) {
                        *ret = object;
                        return 0;
                }
                if (errors_take(object, file, text, reterr) == 0) {
                        object = object_free(object);
                        break;
                }
                object = object_free(object);
        }
        complaints_add(reterr, false, file->name, 0, "too many errors of form");
        return -EBADMSG;
}

/* Collects every value of attribute @key of @section by its line. libini gives one list for keys that differ in case
 * only, and gives attributes that come again again: the line tells them apart. */
static int values_take(struct ini_cfgobj *object, const char *section, const char *key, char **by_line, size_t lines) {
        int mode = INI_GET_FIRST_VALUE;

        for (;;) {
                struct value_obj *value = NULL;
                uint32_t line = 0;
                const char *text;

                if (ini_get_config_valueobj(section, key, object, mode, &value) != 0 || !value)
                        return 0;
                mode = INI_GET_NEXT_VALUE;
                if (value_get_line(value, &line) != 0 || line == 0 || line > lines)
                        continue;
                if (by_line[line])
                        return 0;
                text = ini_get_const_string_config_value(value, NULL);
                by_line[line] = strdup(text ? text : "");
                if (!by_line[line])
                        return -ENOMEM;
        }
}

static int sections_take(struct ini_cfgobj *object, char **by_line, size_t lines) {
        int n = 0, error = 0, r = 0;
        char **sections = ini_get_section_list(object, &n, &error);

        for (int i = 0; sections && i < n && r == 0; i++) {
                int m = 0;
                char **keys = ini_get_attribute_list(object, sections[i], &m, &error);

                for (int k = 0; keys && k < m && r == 0; k++)
                        r = values_take(object, sections[i], keys[k], by_line, lines);
                ini_free_attribute_list(keys);
        }
        ini_free_section_list(sections);
        return r;
}

static char *trim(char *s) {
        char *end;

        while (isspace((unsigned char) *s))
                s++;
        end = s + strlen(s);
        while (end > s && isspace((unsigned char) end[-1]))
                *--end = '\0';
        return s;
}

/* Whether libini should have made something of the line at @start. What it complained of is a comment by now. */
static bool is_significant(const char *start) {
        return *start && *start != '#';
}

/* Goes over the text, cutting it up, and puts headers and values in the order of the file. What libini passed over without
 * a word (as it does before the first header) is not passed over here. */
static void lines_order(IniLines *l, char **by_line, size_t lines, const char *name, Complaints *reterr) {
        const char *section = NULL;
        char *p = l->text;

        for (unsigned line = 1; line <= lines; line++) {
                char *start = p, *end = strchr(p, '\n');

                if (!end)
                        break;
                *end = '\0';
                p = end + 1;
                if (*start == '#' && start[1] == HEADER_STRUCK)
                        section = INI_BROKEN_SECTION;
                else if (*start == '[') {
                        char *close = strchr(start, ']');

                        if (close)
                                *close = '\0';
                        section = trim(start + 1);
                        l->lines[l->count++] = (IniLine) { .section = section, .line = line };
                } else if (by_line[line]) {
                        char *equals = strchr(start, '=');

                        if (equals)
                                *equals = '\0';
                        l->values[l->count] = by_line[line];
                        by_line[line] = NULL;
                        l->lines[l->count] = (IniLine) {
                                .section = section,
                                .key = trim(start),
                                .value = trim(l->values[l->count]),
                                .line = line,
                        };
                        l->count++;
                } else if (is_significant(start) && (!section || strcmp(section, INI_BROKEN_SECTION) != 0)) {
                        if (section)
                                complaints_add(reterr, false, name, line, "not understood");
                        else
                                complaints_add(reterr, false, name, line, "stands before the first section");
                }
        }
}

static int lines_fill(IniLines *l, struct ini_cfgobj *object, const char *name, Complaints *reterr) {
        size_t lines = 0;
        char **by_line;
        int r;

        for (const char *p = l->text; *p; p++)
                lines += *p == '\n';
        by_line = calloc(lines + 1, sizeof(*by_line));
        l->lines = calloc(lines + 1, sizeof(*l->lines));
        l->values = calloc(lines + 1, sizeof(*l->values));
        r = by_line && l->lines && l->values ? sections_take(object, by_line, lines) : -ENOMEM;
        if (r == 0)
                lines_order(l, by_line, lines, name, reterr);
        for (size_t i = 0; by_line && i <= lines; i++)
                free(by_line[i]);
        free(by_line);
        return r;
}

int ini_read(const ConfigFile *file, IniLines *ret, Complaints *reterr) {
        IniLines l = { 0 };
        struct ini_cfgobj *object = NULL;
        int r;

        l.text = text_prepare(file, reterr, &r);
        if (!l.text) {
                *ret = (IniLines) { 0 };
                return r;
        }
        r = object_settle(file, l.text, &object, reterr);
        if (r == 0)
                r = lines_fill(&l, object, file->name, reterr);
        object = object_free(object);
        if (r == -ENOMEM) {
                ini_done(&l);
                return r;
        }
        *ret = l;
        return 0;
}

void ini_done(IniLines *l) {
        for (size_t i = 0; i < l->count; i++)
                free(l->values[i]);
        free(l->values);
        free(l->lines);
        free(l->text);
        *l = (IniLines) { 0 };
}
