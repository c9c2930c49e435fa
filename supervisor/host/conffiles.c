#include "supervisor/host/conffiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "supervisor/base/fd.h"

enum { TEXT_MAX = 4 * 1024 * 1024 };

/* Files of one folder's name (reeve.conf.d) over all directories: each file name once. */
typedef struct Found {
        char *name;                      /* "web.conf" */
        char *path;
} Found;

typedef struct FoundList {
        Found *items;
        size_t count;
} FoundList;

static void found_done(FoundList *l) {
        for (size_t i = 0; i < l->count; i++) {
                free(l->items[i].name);
                free(l->items[i].path);
        }
        free(l->items);
        *l = (FoundList) { 0 };
}

/* Remembers @directory/@name unless a directory before it had one of that name. */
static int found_add(FoundList *l, const char *directory, const char *name) {
        Found *items;
        Found f = { 0 };

        for (size_t i = 0; i < l->count; i++)
                if (strcmp(l->items[i].name, name) == 0)
                        return 0;
        items = realloc(l->items, (l->count + 1) * sizeof(*items));
        if (!items)
                return -ENOMEM;
        l->items = items;
        f.name = strdup(name);
        if (!f.name || asprintf(&f.path, "%s/%s", directory, name) < 0) {
                free(f.name);
                return -ENOMEM;
        }
        l->items[l->count++] = f;
        return 0;
}

static int found_compare(const void *a, const void *b) {
        return strcmp(((const Found *) a)->name, ((const Found *) b)->name);
}

static bool is_conf_name(const char *name) {
        size_t n = strlen(name);

        return *name != '.' && n > 5 && strcmp(name + n - 5, ".conf") == 0;
}

/* Adds what lies in @directory, which need not exist. */
static int folder_list(FoundList *l, const char *directory, Complaints *reterr) {
        _cleanup_closedir_ DIR *d = opendir(directory);
        struct dirent *entry;
        int r = 0;

        if (!d) {
                if (errno != ENOENT)
                        complaints_add(reterr, false, directory, 0, "cannot be read: %s", strerror(errno));
                return 0;
        }
        while (r == 0 && (errno = 0, entry = readdir(d)))
                if (is_conf_name(entry->d_name))
                        r = found_add(l, directory, entry->d_name);
        /* Half a folder is another configuration than the one that was written: it is refused. */
        if (r == 0 && errno)
                complaints_add(reterr, false, directory, 0, "cannot be read: %s", strerror(errno));
        return r;
}

static bool is_dev_null(const struct stat *st) {
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

static int text_read(int fd, char **ret, size_t *ret_length) {
        size_t length = 0, room = 4096;
        _cleanup_free_ char *text = malloc(room);

        if (!text)
                return -ENOMEM;
        for (;;) {
                ssize_t n = read(fd, text + length, room - length);

                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                length += (size_t) n;
                if (length > TEXT_MAX)
                        return -EFBIG;
                if (length == room) {
                        char *more = realloc(text, room * 2);

                        if (!more)
                                return -ENOMEM;
                        text = more;
                        room *= 2;
                }
        }
        *ret = ptr_steal(text);
        *ret_length = length;
        return 0;
}

/* Adds @text, which it takes, as the file @name. Returns 0, -ENOMEM. */
static int text_add(ConfFiles *ret, const char *name, char *text, size_t length) {
        ConfigFile *files = realloc(ret->files, (ret->count + 1) * sizeof(*files)), f = { .text = text, .length = length };

        f.name = strdup(name);
        if (files)
                ret->files = files;
        if (!f.name || !files) {
                free(text);
                free((void *) (uintptr_t) f.name);
                return -ENOMEM;
        }
        ret->files[ret->count++] = f;
        return 0;
}

/* Reads @path to the end of @ret. A mask or a missing file adds nothing; what else goes wrong is a complaint. Returns 0 or
 * the error it complained of; -ENOMEM without a complaint. */
static int file_add(ConfFiles *ret, const char *path, bool must_exist, Complaints *reterr) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct stat st;
        char *text = NULL;
        size_t length = 0;
        int r = 0;

        if (fd < 0)
                r = -errno;
        else if (fstat(fd, &st) < 0)
                r = -errno;
        else if (is_dev_null(&st))
                return 0;
        else if (!S_ISREG(st.st_mode) && !(must_exist && S_ISFIFO(st.st_mode)))
                r = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        if (r == -ENOENT && !must_exist)
                return 0;
        /* Only to open it must not wait; whoever writes into a pipe of the caller's may take his time. */
        if (r == 0 && S_ISFIFO(st.st_mode) && fcntl(fd, F_SETFL, 0) < 0)
                r = -errno;
        if (r == 0)
                r = text_read(fd, &text, &length);
        if (r < 0) {
                complaints_add(reterr, false, path, 0, "cannot be read: %s", r == -EINVAL ? "not a regular file" : strerror(-r));
                return r;
        }
        return text_add(ret, path, text, length);
}

/* Reads what @l lists, sorted by name. */
static int found_read(FoundList *l, ConfFiles *ret, Complaints *reterr) {
        if (l->count > 1)
                qsort(l->items, l->count, sizeof(*l->items), found_compare);
        for (size_t i = 0; i < l->count; i++)
                if (file_add(ret, l->items[i].path, /* must_exist= */ false, reterr) == -ENOMEM)
                        return -ENOMEM;
        return 0;
}

/* One step of the reading order: @folder over all directories; "" is reeve.conf itself. */
static int step_read(char directories[][PATH_MAX], size_t n, const char *folder, ConfFiles *ret, Complaints *reterr) {
        FoundList found = { 0 };
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                char path[PATH_MAX + 32];
                struct stat st;

                if (*folder) {
                        (void) snprintf(path, sizeof(path), "%s/%s", directories[i], folder);
                        r = folder_list(&found, path, reterr);
                } else {
                        (void) snprintf(path, sizeof(path), "%s/reeve.conf", directories[i]);
                        if (lstat(path, &st) == 0 || errno != ENOENT)
                                r = found_add(&found, directories[i], "reeve.conf");
                }
        }
        if (r == 0)
                r = found_read(&found, ret, reterr);
        found_done(&found);
        return r;
}

int conffiles_read(const ConfigPlaces *places, ConfFiles *ret, Complaints *reterr) {
        static const char *const roots[] = { "/etc/reeve", "/run/reeve", "/usr/lib/reeve" };
        static const char *const folders[] = { "", "reeve.conf.d", "policies.d" };
        char directories[ELEMENTSOF(roots)][PATH_MAX];
        size_t n = 0;
        ConfFiles files = { 0 };

        if (places->directory) {
                struct stat st;

                (void) snprintf(directories[n++], PATH_MAX, "%s", places->directory);
                if (!places->optional && stat(places->directory, &st) < 0) {
                        int error = errno;

                        complaints_add(reterr, false, places->directory, 0, "%s", error == ENOENT ? "no such directory" : strerror(error));
                        return -error;
                }
                if (!places->optional && !S_ISDIR(st.st_mode)) {
                        complaints_add(reterr, false, places->directory, 0, "no such directory");
                        return -ENOENT;
                }
        } else
                for (; n < ELEMENTSOF(roots); n++)
                        (void) snprintf(directories[n], PATH_MAX, "%s%s", places->root ? places->root : "", roots[n]);
        for (size_t i = 0; i < ELEMENTSOF(folders); i++)
                if (step_read(directories, n, folders[i], &files, reterr) < 0) {
                        conffiles_done(&files);
                        return -ENOMEM;
                }
        *ret = files;
        return 0;
}

int conffiles_read_one(const char *path, ConfFiles *ret, Complaints *reterr) {
        ConfFiles files = { 0 };
        int r = file_add(&files, path, /* must_exist= */ true, reterr);

        if (r < 0) {
                conffiles_done(&files);
                return r;
        }
        *ret = files;
        return 0;
}

int conffiles_read_fd(int fd, const char *name, ConfFiles *ret, Complaints *reterr) {
        size_t length = 0;
        char *text = NULL;
        int r = text_read(fd, &text, &length);

        *ret = (ConfFiles) { 0 };
        if (r < 0) {
                complaints_add(reterr, false, name, 0, "cannot be read: %s", strerror(-r));
                return r;
        }
        return text_add(ret, name, text, length);
}

void conffiles_done(ConfFiles *f) {
        for (size_t i = 0; i < f->count; i++) {
                free((void *) (uintptr_t) f->files[i].text);
                free((void *) (uintptr_t) f->files[i].name);
        }
        free(f->files);
        *f = (ConfFiles) { 0 };
}

int config_load(const ConfigPlaces *places, Config **ret, Complaints *reterr) {
        size_t errors = reterr->errors;
        ConfFiles files = { 0 };
        Config *c = NULL;
        int r;

        r = conffiles_read(places, &files, reterr);
        if (r < 0)
                return r;
        r = config_parse(files.files, files.count, &c, reterr);
        conffiles_done(&files);
        if (r < 0)
                return r;
        if (reterr->errors > errors) { /* a file that could not be read */
                c = config_unref(c);
                return -EINVAL;
        }
        *ret = c;
        return 0;
}

static int write_all(int fd, const char *text, size_t length) {
        while (length > 0) {
                ssize_t n = write(fd, text, length);

                if (n < 0)
                        return -errno;
                text += n;
                length -= (size_t) n;
        }
        return 0;
}

int conffiles_write_set(const ConfigPlaces *places, const char *text) {
        char directory[PATH_MAX];
        _cleanup_close_ int dir = -1, fd = -1;
        int r;

        if (places->directory)
                (void) snprintf(directory, sizeof(directory), "%s", places->directory);
        else
                (void) snprintf(directory, sizeof(directory), "%s/etc/reeve", places->root ? places->root : "");
        if (mkdir(directory, 0755) < 0 && errno != EEXIST)
                return -errno;
        if (strlen(directory) + sizeof("/policies.d") > sizeof(directory))
                return -ENAMETOOLONG;
        strcat(directory, "/policies.d");
        if (mkdir(directory, 0755) < 0 && errno != EEXIST)
                return -errno;
        dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return -errno;
        fd = openat(dir, ".50-set.conf.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
                return -errno;
        r = write_all(fd, text, strlen(text));
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        if (r == 0 && renameat(dir, ".50-set.conf.new", dir, "50-set.conf") < 0)
                r = -errno;
        if (r < 0) {
                (void) unlinkat(dir, ".50-set.conf.new", 0);
                return r;
        }
        (void) fsync(dir);
        return 0;
}
