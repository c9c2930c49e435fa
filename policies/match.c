#include "policies/match.h"

#include <string.h>

#include "policies/hex.h"

/* One literal byte of @glob, and how many characters it took. */
static unsigned char literal(const char *glob, size_t *ret_length) {
        int high, low;

        *ret_length = 1;
        if (glob[0] != '\\' || glob[1] != 'x')
                return (unsigned char) glob[0];
        high = hex_digit(glob[2]);
        low = high < 0 ? -1 : hex_digit(glob[3]);
        if (low < 0)
                return '\\';
        high = high * 16 + low;
        if (high == 0 || (high >= 0x20 && high < 0x7f && high != '\\'))
                return '\\';
        *ret_length = 4;
        return (unsigned char) high;
}

/* A failed match goes back to the last `*`, and when that cannot leave its level, to the last `**` before it. */
bool match_glob(const char *glob, const char *path) {
        const char *star = NULL, *star_path = NULL, *across = NULL, *across_path = NULL;

        for (;;) {
                size_t length;

                if (glob[0] == '*' && glob[1] == '*') {
                        while (*glob == '*')
                                glob++;
                        across = glob;
                        across_path = path;
                        star = NULL;
                        continue;
                }
                if (*glob == '*') {
                        star = ++glob;
                        star_path = path;
                        continue;
                }
                if (*path && *glob && literal(glob, &length) == (unsigned char) *path) {
                        glob += length;
                        path++;
                        continue;
                }
                if (!*path && !*glob)
                        return true;
                if (star && *star_path && *star_path != '/') {
                        path = ++star_path;
                        glob = star;
                } else if (across && *across_path) {
                        path = ++across_path;
                        glob = across;
                        star = NULL;
                } else
                        return false;
        }
}

bool match_glob_or_ancestor(const char *glob, const char *path) {
        char part[4096];
        size_t length = strlen(path);

        if (match_glob(glob, path))
                return true;
        if (length >= sizeof(part))
                return false;
        memcpy(part, path, length + 1);
        while (length > 1) {
                while (length > 1 && part[length - 1] != '/')
                        length--;
                if (length > 1)
                        length--;
                part[length] = '\0';
                if (match_glob(glob, part))
                        return true;
        }
        return false;
}

bool match_is_literal(const char *glob) {
        return !strchr(glob, '*');
}

int match_literal_path(const char *glob, char *buf, size_t size) {
        size_t n = 0;

        while (*glob) {
                size_t length;
                unsigned char c = literal(glob, &length);

                if (n + 1 >= size)
                        return -1;
                buf[n++] = (char) c;
                glob += length;
        }
        if (size == 0)
                return -1;
        buf[n] = '\0';
        return (int) n;
}
