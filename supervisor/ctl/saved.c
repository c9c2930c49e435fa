#include "supervisor/ctl/saved.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/conffiles.h"
#include "supervisor/text/setfile.h"

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
                text = setfile_text(old, path, values);
                e = text ? conffiles_write_set(&places, text) : -ENOMEM;
        }
        if (e < 0)
                (void) snprintf(reterr_why, why_size, "%s: %s", file, strerror(-e));
        return e;
}
