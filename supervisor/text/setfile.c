#include "supervisor/text/setfile.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/strbuf.h"

enum { LINE_MAX_BYTES = 16384 };

/* Whether @line (of @length bytes) gives one of @values. */
static bool line_gives(const char *line, size_t length, const json_t *values) {
        const char *equals = memchr(line, '=', length);
        char key[64];

        if (!equals || (size_t) (equals - line) >= sizeof(key))
                return false;
        (void) snprintf(key, sizeof(key), "%.*s", (int) (equals - line), line);
        return json_object_get(values, key) != NULL;
}

static void values_write(FILE *out, const json_t *values) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *) (uintptr_t) values, key, value)
                (void) fprintf(out, "%s=%s\n", key, json_string_value(value));
}

/* The section of @path: "[budget set.system.slice-web.service]". One name for one path: '/' becomes '-', and what a section
 * may not be called, with '-' and '_' themselves, _xx. */
static void header_write(char *header, size_t size, const char *path) {
        Strbuf b = { .data = header, .size = size };

        strbuf_puts(&b, "[budget set.");
        for (const char *p = *path == '/' ? path + 1 : path; *p; p++) {
                unsigned char byte = (unsigned char) *p;

                if (byte == '/')
                        strbuf_puts(&b, "-");
                else if ((byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z') || byte == '.')
                        strbuf_append(&b, p, 1);
                else
                        strbuf_printf(&b, "_%02x", byte);
        }
        strbuf_puts(&b, "]");
}

char *setfile_text(const char *old, const char *path, const json_t *values) {
        char header[LINE_MAX_BYTES], *text = NULL;
        size_t size = 0;
        bool inside = false, found = false;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        header_write(header, sizeof(header), path);
        if (!old)
                (void) fputs("# Written by 'reevectl set --save'; edit as you like.\n", out);
        for (const char *line = old ? old : ""; *line;) {
                size_t length = strcspn(line, "\n");

                if (*line == '[')
                        inside = strlen(header) == length && memcmp(line, header, length) == 0;
                if (!inside || !line_gives(line, length, values))
                        (void) fprintf(out, "%.*s\n", (int) length, line);
                /* Right under the Match= of the section, so that an empty line at its end stays at its end. */
                if (inside && !found && strncmp(line, "Match=", 6) == 0) {
                        values_write(out, values);
                        found = true;
                }
                line += length + (line[length] == '\n');
        }
        if (!found) {
                (void) fprintf(out, "\n%s\nMatch=%s\n", header, path);
                values_write(out, values);
        }
        if (fclose(out) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

