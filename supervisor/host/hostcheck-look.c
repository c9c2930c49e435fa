#include "supervisor/host/hostcheck-look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/text/kernfile.h"

int look_open(const char *root, const char *path) {
        char whole[8192];
        int fd;

        (void) snprintf(whole, sizeof(whole), "%s%s", root, path);
        fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        return fd < 0 ? -errno : fd;
}

int look_read(const Look *l, const char *path, char *ret, size_t size) {
        _cleanup_close_ int fd = look_open(l->o->root, path);
        ssize_t n;

        if (fd < 0)
                return fd;
        n = read(fd, ret, size - 1);
        if (n < 0)
                return -errno;
        while (n > 0 && (ret[n - 1] == '\n' || ret[n - 1] == ' '))
                n--;
        ret[n] = 0;
        return 0;
}

int64_t look_number(const Look *l, const char *path, int64_t missing) {
        char text[64], *end;
        long long value;

        if (look_read(l, path, text, sizeof(text)) < 0)
                return missing;
        value = strtoll(text, &end, 10);
        return end == text ? missing : (int64_t) value;
}

bool look_exists(const Look *l, const char *path) {
        char whole[8192];

        (void) snprintf(whole, sizeof(whole), "%s%s", l->o->root, path);
        return access(whole, F_OK) == 0;
}

bool look_lists(const Look *l, const char *path, const char *word) {
        char text[1024];

        return look_read(l, path, text, sizeof(text)) == 0 && kernfile_has_word(text, strlen(text), word);
}

void look_found(Look *l, const char *name, FindingState state, const char *meaning, const char *change, const char *value, ...) {
        char text[sizeof(((Finding *) 0)->value)];
        va_list ap;
        int r;

        va_start(ap, value);
        (void) vsnprintf(text, sizeof(text), value, ap);
        va_end(ap);
        r = findings_add(l->findings, name, state, text, meaning, change);
        if (r < 0)
                l->error = r;
}
