#include "policies/path.h"

#include <string.h>

bool path_is_below(const char *path, const char *above) {
        size_t n = strlen(above);

        while (n > 0 && above[n - 1] == '/')
                n--;
        return strncmp(path, above, n) == 0 && (path[n] == '\0' || path[n] == '/');
}
