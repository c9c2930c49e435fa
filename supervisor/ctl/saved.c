#include "supervisor/ctl/saved.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/conffiles.h"

enum { LINE_MAX_BYTES = 8192 };

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

char *saved_text(const char *old, const char *path, const json_t *values) {
        char header[LINE_MAX_BYTES], *text = NULL;
        size_t size = 0;
        bool inside = false, found = false;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        (void) snprintf(header, sizeof(header), "[budget set:%s]", path);
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

/* The file's present text; NULL in *@ret where there is none. Returns 0 or -errno. */
static int old_read(const char *file, char **ret) {
        _cleanup_fclose_ FILE *f = fopen(file, "re");
        char *text = NULL;
        size_t room = 0;

        *ret = NULL;
        if (!f)
                return errno == ENOENT ? 0 : -errno;
        if (getdelim(&text, &room, '\0', f) < 0) {
                free(text);
                return ferror(f) ? -EIO : 0;
        }
        *ret = text;
        return 0;
}

int saved_update(const char *directory, const char *path, const json_t *values, char *reterr_why, size_t why_size) {
        const ConfigPlaces places = { .directory = directory };
        _cleanup_free_ char *file = NULL, *old = NULL, *text = NULL;
        int e;

        /* A path with these in it cannot be written as a literal Match=, and would match others. */
        if (strpbrk(path, "*]\n")) {
                (void) snprintf(reterr_why, why_size, "the name has a '*' or ']' in it, which Match= cannot name literally");
                return -EINVAL;
        }
        if (asprintf(&file, "%s/policies.d/50-set.conf", directory ? directory : "/etc/reeve") < 0)
                return -ENOMEM;
        e = old_read(file, &old);
        if (e == 0) {
                text = saved_text(old, path, values);
                e = text ? conffiles_write_set(&places, text) : -ENOMEM;
        }
        if (e < 0)
                (void) snprintf(reterr_why, why_size, "%s: %s", file, strerror(-e));
        return e;
}
