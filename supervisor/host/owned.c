#include "supervisor/host/owned.h"

#include <errno.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"

enum { NAME_MAX_LENGTH = 255, PATH_MAX_LENGTH = 3000 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int init_error;                   /* of cgroup_init() or what follows; written once */
static int root_fd = -1;

/* libcgroup would print to stdout; what it has to say is in its return values. */
static void be_silent(void *userdata, int level, const char *format, va_list ap) {
        (void) userdata;
        (void) level;
        (void) format;
        (void) ap;
}

static int error_map(int r) {
        switch (r) {
        case 0:
                return 0;
        case ECGOTHER:
                return cgroup_get_last_errno() > 0 ? -cgroup_get_last_errno() : -EIO;
        case ECGROUPNOTMOUNTED:
        case ECGROUPSUBSYSNOTMOUNTED:
                return -EOPNOTSUPP;
        case ECGROUPNOTALLOWED:
        case ECGROUPVALUENOTEXIST:
                return -EACCES;
        case ECGROUPNOTEXIST:
                return -ENOENT;
        default:
                return -EIO;
        }
}

static void library_init(void) {
        char *mount = NULL;
        int r;

        cgroup_set_logger(be_silent, CGROUP_LOG_WARNING, NULL);
        r = cgroup_init();
        if (r == 0)
                r = cgroup_get_subsys_mount_point("memory", &mount);
        init_error = error_map(r);
        if (r == 0) {
                root_fd = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (root_fd < 0)
                        init_error = -errno;
        }
        free(mount);
}

static int fail(int error, const char *what, const char *path, char *reterr, size_t err_size) {
        (void) snprintf(reterr, err_size, "%s %s: %s", what, path, strerror(-error));
        return error;
}

/* Checks and takes off the leading slash; NULL where it is no name. libcgroup honours "..", and cuts long names. */
static const char *name_of(const char *path) {
        const char *name = path + 1, *p = name;

        if (*path != '/' || strlen(path) > PATH_MAX_LENGTH || strchr(path, '\n'))
                return NULL;
        for (;;) {
                size_t n = strcspn(p, "/");

                if (n == 0 || n > NAME_MAX_LENGTH || (n == 1 && *p == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
                        return NULL;
                if (!p[n])
                        return name;
                p += n + 1;
        }
}

static int ready(const char *path, const char **ret_name, char *reterr, size_t err_size) {
        (void) pthread_once(&once, library_init);
        if (init_error < 0)
                return fail(init_error, "libcgroup for", path, reterr, err_size);
        *ret_name = name_of(path);
        if (!*ret_name)
                return fail(-EINVAL, "the name", path, reterr, err_size);
        return 0;
}

/* A cgroup object of libcgroup's with its memory controller. */
static int object_new(const char *name, struct cgroup **ret_group, struct cgroup_controller **ret_controller) {
        struct cgroup *g = cgroup_new_cgroup(name);
        struct cgroup_controller *c;

        if (!g)
                return -ENOMEM;
        c = cgroup_add_controller(g, "memory");
        if (!c) {
                cgroup_free(&g);
                return -EOPNOTSUPP;
        }
        *ret_group = g;
        *ret_controller = c;
        return 0;
}

/* Never with values, never on one that exists: a failure would take the cgroup with it (libcgroup 3.1). */
static int create_one(const char *name) {
        struct cgroup_controller *c;
        struct cgroup *g;
        int r = object_new(name, &g, &c);

        if (r < 0)
                return r;
        r = error_map(cgroup_create_cgroup(g, 1));
        cgroup_free(&g);
        return r;
}

/* Sets one value through a fresh object: one that was read would write all its values back. */
static int set_one(const char *name, const char *file, const char *text) {
        struct cgroup_controller *c;
        struct cgroup *g;
        int r = object_new(name, &g, &c);

        if (r < 0)
                return r;
        r = error_map(cgroup_add_value_string(c, file, text));
        if (r == 0)
                r = error_map(cgroup_modify_cgroup(g));
        cgroup_free(&g);
        return r;
}

static int read_file(const char *name, const char *file, char *buf, size_t size) {
        char path[PATH_MAX_LENGTH + NAME_MAX_LENGTH + 2];
        _cleanup_close_ int fd = -1;
        ssize_t n;

        (void) snprintf(path, sizeof(path), "%s%s%s", name, *name ? "/" : "", file);
        fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        n = read(fd, buf, size - 1);
        if (n < 0)
                return -errno;
        buf[n] = '\0';
        buf[strcspn(buf, "\n")] = '\0';
        return 0;
}

static bool has_memory(const char *name, const char *file) {
        char list[512], *rest = NULL;

        if (read_file(name, file, list, sizeof(list)) < 0)
                return false;
        for (char *w = strtok_r(list, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
                if (strcmp(w, "memory") == 0)
                        return true;
        return false;
}

int owned_create(const char *path, char *reterr, size_t err_size) {
        char prefix[PATH_MAX_LENGTH + 2], parent[PATH_MAX_LENGTH + 2] = "";
        const char *name, *p;
        int r = ready(path, &name, reterr, err_size);

        if (r < 0)
                return r;
        for (p = name;; p++) {
                size_t n;

                p += strcspn(p, "/");
                n = (size_t) (p - name);
                memcpy(prefix, name, n);
                prefix[n] = '\0';
                if (faccessat(root_fd, prefix, F_OK, 0) < 0) {
                        if (!has_memory(parent, "cgroup.subtree_control")) {
                                r = set_one(*parent ? parent : "/", "cgroup.subtree_control", "+memory");
                                if (r < 0)
                                        return fail(r, "the memory controller below", parent, reterr, err_size);
                        }
                        r = create_one(prefix);
                        if (r < 0 && faccessat(root_fd, prefix, F_OK, 0) < 0)
                                return fail(r, "making", prefix, reterr, err_size);
                }
                (void) memcpy(parent, prefix, n + 1);
                if (!*p)
                        break;
        }
        if (!has_memory(name, "cgroup.controllers"))
                return fail(-EOPNOTSUPP, "the memory controller of", path, reterr, err_size);
        return 0;
}

int owned_set(const char *path, const char *file, const char *text, char *reterr, size_t err_size) {
        char got[256];
        const char *name;
        int r = ready(path, &name, reterr, err_size);

        if (r < 0)
                return r;
        if (!*text || strchr(text, '\n') || strchr(file, '/'))
                return fail(-EINVAL, file, "", reterr, err_size);
        r = set_one(name, file, text);
        if (r < 0)
                return fail(r, file, path, reterr, err_size);
        r = read_file(name, file, got, sizeof(got));
        if (r < 0)
                return fail(r, file, path, reterr, err_size);
        if (strcmp(got, text) != 0) {
                (void) snprintf(reterr, err_size, "%s: wrote %s, the kernel keeps %s", file, text, got);
                return -EBADMSG;
        }
        return 0;
}

/* Deleting asks for an empty one only: libcgroup's default moves the processes to the parent, out of their limit. */
int owned_remove(const char *path, char *reterr, size_t err_size) {
        struct cgroup_controller *c;
        struct cgroup *g;
        const char *name;
        int r = ready(path, &name, reterr, err_size);

        if (r < 0)
                return r;
        if (faccessat(root_fd, name, F_OK, 0) < 0)
                return errno == ENOENT ? 0 : -errno;
        r = object_new(name, &g, &c);
        if (r < 0)
                return fail(r, "removing", path, reterr, err_size);
        r = error_map(cgroup_delete_cgroup_ext(g, CGFLAG_DELETE_EMPTY_ONLY));
        cgroup_free(&g);
        /* It returns 0 for one with processes as well: what counts is whether it is there. */
        if (faccessat(root_fd, name, F_OK, 0) == 0)
                return fail(r < 0 && r != -EIO ? r : -EBUSY, "removing", path, reterr, err_size);
        return 0;
}
