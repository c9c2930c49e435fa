#include "supervisor/ctl/named.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/populace.h"
#include "supervisor/ctl/print.h"
#include "supervisor/host/mounts.h"
#include "supervisor/text/escape.h"

/* As it was typed first, then as records show it. Returns as populace_find(). */
static int find(const Cgroupfs *fs, const char *word, char *found[static POPULACE_NAMES_MAX]) {
        int n = populace_find(fs, word, found);
        char raw[4096];

        if (n == 0 && strchr(word, '\\') && escape_undo(raw, sizeof(raw), word, NULL) == 0)
                n = populace_find(fs, raw, found);
        return n;
}

/* Says why @word is not one cgroup: @n as find() answered. Returns what to exit with. */
static int complain(const char *command, const char *word, int n, char *found[static POPULACE_NAMES_MAX]) {
        char cell[PRINT_CELL_SIZE];

        (void) fprintf(stderr, "reevectl %s: ", command);
        if (n < 0)
                (void) fprintf(stderr, "%s: %s\n", print_cell(word, cell), strerror(-n));
        else if (n == 0 && strncmp(word, "pid:", 4) == 0)
                (void) fprintf(stderr, "there is no process %s, or its cgroup is gone\n", print_cell(word, cell));
        else if (n == 0)
                (void) fprintf(stderr, "no cgroup is called %s\n", print_cell(word, cell));
        else
                (void) fprintf(stderr, "%s may be any of:\n", print_cell(word, cell));
        for (int i = 0; i < n && i < POPULACE_NAMES_MAX; i++) {
                Strbuf out = STRBUF_INIT(cell);

                cell[0] = '\0';
                escape_terminal(&out, found[i], strlen(found[i]), /* escaped= */ false);
                (void) fprintf(stderr, "  %s\n", cell);
                free(found[i]);
        }
        return n < 0 ? CTL_FAILED : CTL_NOT_FOUND;
}

char *named_path(const char *command, const Cgroupfs *fs, const char *word, int *ret_exit) {
        char *found[POPULACE_NAMES_MAX] = { NULL };
        int n = find(fs, word, found);

        if (n == 1)
                return found[0];
        *ret_exit = complain(command, word, n, found);
        return NULL;
}

/* A /path without escapes and without what trails; NULL: no path. */
static char *path_undo(const char *word) {
        char raw[4096];
        size_t n;

        if (escape_undo(raw, sizeof(raw), word, &n) < 0 || strlen(raw) != n || raw[0] != '/')
                return NULL;
        while (n > 1 && raw[n - 1] == '/')
                raw[--n] = '\0';
        return strdup(raw);
}

/* Where systemd puts a service that nothing else places. Not that of a template, which has a slice of its own. */
static char *service_path(const char *word) {
        size_t n = strlen(word);
        char *path;

        if (n <= 8 || strcmp(word + n - 8, ".service") != 0 || strpbrk(word, "/@*\\"))
                return NULL;
        return asprintf(&path, "/system.slice/%s", word) < 0 ? NULL : path;
}

char *named_path_to_be(const char *command, const char *word, int *ret_exit) {
        char *found[POPULACE_NAMES_MAX] = { NULL }, cell[PRINT_CELL_SIZE], *path;
        Cgroupfs fs = { .root_fd = -1 };
        CgroupMount mount;
        bool here = false;
        int n = 0;

        path = *word == '/' ? path_undo(word) : NULL;
        if (path)
                return path;
        here = mounts_find(&mount, NULL) == 0 && mount.where[0] && cgroupfs_open(&fs, mount.where) == 0;
        if (here) {
                n = find(&fs, word, found);
                cgroupfs_close(&fs);
        }
        path = n == 1 ? found[0] : n == 0 ? service_path(word) : NULL;
        if (path)
                return path;
        *ret_exit = CTL_NOT_FOUND;
        if (here)
                *ret_exit = complain(command, word, n, found);
        else
                (void) fprintf(stderr, "reevectl %s: there is no cgroup v2 here to find %s in: give its /path\n", command,
                               print_cell(word, cell));
        return NULL;
}
