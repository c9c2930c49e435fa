/* Prints every OOM kill of this host as it happens, one JSON object a line; after a restart of reeved it goes on where
 * it was. Build: cc follow.c $(pkg-config --cflags --libs reeve) */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <reeve/reeve.h>

/* Follows from the cursor at @after (empty: from now on) until the connection ends. Returns the error that ended it. */
static int follow(reeve *r, char *after, size_t size) {
        static const char *const types[] = { "kill", "gap", NULL };
        reeve_filter filter = { .size = sizeof(filter), .types = types, .follow = true };
        reeve_records *list;
        const char *record;
        int error;

        if (after[0])
                filter.after = after;
        else
                filter.limit = 1;
        error = reeve_records_open(&list, r, &filter);
        if (error < 0)
                return error;
        while ((error = reeve_records_next(list, /* timeout_msec= */ -1, &record)) == 1) {
                printf("%s\n", record);
                fflush(stdout);
                snprintf(after, size, "%s", reeve_records_cursor(list));
        }
        if (error < 0)
                fprintf(stderr, "follow: %s\n", reeve_records_error_text(list));
        reeve_records_close(list);
        return error;
}

int main(int argc, char *argv[]) {
        char after[64] = "";

        for (;;) {
                reeve *r;
                int error = reeve_connect(&r, argc > 1 ? argv[1] : NULL);

                if (error == 0) {
                        error = follow(r, after, sizeof(after));
                        reeve_close(r);
                }
                if (error != -ECONNRESET && error != -ECONNREFUSED) {
                        fprintf(stderr, "follow: %s\n", strerror(-error));
                        return 1;
                }
                sleep(1);
        }
}
