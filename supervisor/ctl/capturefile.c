#include "supervisor/ctl/capturefile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/ctl/print.h"

enum { PIECE = 64 << 10, LENGTH_MAX = 1 << 30 };

static int room(CaptureText *t, size_t n) {
        size_t size = t->size ? t->size : PIECE;
        char *more;

        while (size - t->length < n)
                size *= 2;
        if (size == t->size)
                return 0;
        more = size > LENGTH_MAX ? NULL : realloc(t->text, size);
        if (!more)
                return -ENOMEM;
        t->text = more;
        t->size = size;
        return 0;
}

static int fail(const char *name, const char *path, int error) {
        (void) fprintf(stderr, "reevectl %s: ", name);
        print_name(stderr, path);
        (void) fprintf(stderr, ": %s\n", strerror(-error));
        return error == -EACCES || error == -EPERM ? CTL_NOT_ALLOWED : CTL_FAILED;
}

int capturefile_read(CaptureText *ret, const char *name, const char *path) {
        _cleanup_close_ int file = strcmp(path, "-") == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : file;

        if (fd < 0)
                return fail(name, path, -errno);
        for (;;) {
                ssize_t n;

                if (room(ret, PIECE) < 0)
                        return fail(name, path, -ENOMEM);
                n = read(fd, ret->text + ret->length, PIECE);
                if (n == 0)
                        return CTL_DONE;
                if (n < 0 && errno != EINTR)
                        return fail(name, path, -errno);
                ret->length += n > 0 ? (size_t) n : 0;
        }
}

int capturefile_recent(CaptureText *ret, reeve *r) {
        reeve_capture *c = NULL;
        const char *text;
        int e = reeve_capture_open(&c, r, /* recent= */ true);

        while (e >= 0 && (e = reeve_capture_next(c, 30000, &text)) > 0) {
                size_t n = strlen(text);

                e = room(ret, n);
                if (e < 0)
                        break;
                memcpy(ret->text + ret->length, text, n);
                ret->length += n;
        }
        c = reeve_capture_close(c);
        return e;
}

int capturefile_fail(const char *name, const char *path, int error, const CaptureError *why) {
        if (error == -ENOMEM)
                return fail(name, path, error);
        (void) fprintf(stderr, "reevectl %s: ", name);
        print_name(stderr, path);
        if (error == -ENODATA)
                (void) fprintf(stderr, ": its configuration cannot be used (%s): give one with --policies\n", why->text);
        else
                (void) fprintf(stderr, ":%" PRIu64 ": %s\n", why->line, why->text);
        return CTL_FAILED;
}

void capturefile_clear(CaptureText *t) {
        free(t->text);
        *t = (CaptureText) CAPTURE_TEXT_INIT;
}
