#include "supervisor/host/podnames.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/attribute/identity.h"
#include "supervisor/base/fd.h"

static size_t ends_with(const char *name, const char *ending) {
        size_t n = strlen(name), e = strlen(ending);

        return n > e && strcmp(name + n - e, ending) == 0 ? n - e : 0;
}

/* The entry of a directory that ends so: its name, NUL-terminated. Returns what comes before the ending, 0: none. */
static size_t find_entry(const char *path, const char *ending, char *ret, size_t size) {
        _cleanup_closedir_ DIR *dir = opendir(path);
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                size_t before = ends_with(entry->d_name, ending);

                if (!before || strlen(entry->d_name) >= size)
                        continue;
                strcpy(ret, entry->d_name);
                return before;
        }
        return 0;
}

void podnames_label(const char *logs, const char *path, char *ret, size_t size) {
        char directory[512], ending[IDENTITY_ID_SIZE + 8], pod[300], log[600];
        const char *container = NULL;
        Identity identity;
        size_t n;

        if (size == 0)
                return;
        ret[0] = '\0';
        if (!strstr(path, "pod"))       /* nearly all cgroups of a host without Kubernetes */
                return;
        identity_find(&identity, path, NULL, NULL, 0, NULL);
        if (identity.kind != REEVE_IDENTITY_KUBERNETES || !identity.pod_uid[0])
                return;
        snprintf(directory, sizeof(directory), "%s/pods", logs ? logs : "/var/log");
        snprintf(ending, sizeof(ending), "_%s", identity.pod_uid);
        if (!find_entry(directory, ending, pod, sizeof(pod)))
                return;
        /* POD_NAMESPACE_CONTAINER-ID.log */
        snprintf(directory, sizeof(directory), "%s/containers", logs ? logs : "/var/log");
        snprintf(ending, sizeof(ending), "-%s.log", identity.container_id);
        n = identity.container_id[0] ? find_entry(directory, ending, log, sizeof(log)) : 0;
        if (n > 0) {
                log[n] = '\0';
                container = strrchr(log, '_');
        }
        if ((size_t) snprintf(ret, size, "%s%s%s", pod, container ? "/" : "", container ? container + 1 : "") >= size)
                ret[0] = '\0';
}
