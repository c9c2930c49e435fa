#include "supervisor/attribute/logkill-names.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "supervisor/attribute/kill.h"

static bool has_word(const char *p, const char *end, const char *word) {
        size_t n = strlen(word);

        return (size_t) (end - p) >= n && memcmp(p, word, n) == 0;
}

/* Is @path the cgroup @top or below it? */
static bool is_below(KmsgSlice path, KmsgSlice top) {
        if (path.length < top.length || memcmp(path.data, top.data, top.length) != 0)
                return false;
        return path.length == top.length || top.length == 1 || path.data[top.length] == '/';
}

/* A path as the kernel prints it: it begins with a slash, no level is empty, the last one neither. */
static bool is_path(KmsgSlice s) {
        if (s.length == 0 || s.data[0] != '/')
                return false;
        if (s.length > 1 && s.data[s.length - 1] == '/')
                return false;
        return memmem(s.data, s.length, "//", 2) == NULL;
}

/* One way to read the paths in front of the comm; counts it and keeps the first. */
static void try_paths(KmsgSlice names, KmsgSlice comm, KmsgSlice *limit, KmsgSlice *task, KmsgSlice *ret_comm, int *ways) {
        static const char oom_memcg[] = ",oom_memcg=", task_memcg[] = ",task_memcg=";
        const char *end = names.data + names.length;
        bool host = has_word(names.data, end, task_memcg);
        const char *start = names.data + (host ? 0 : strlen(oom_memcg)), *s;

        if (!host && !has_word(names.data, end, oom_memcg))
                return;
        for (s = start; (s = memmem(s, (size_t) (end - s), task_memcg, strlen(task_memcg))) != NULL; s++) {
                KmsgSlice l = { start, (size_t) (s - start) };
                KmsgSlice t = { s + strlen(task_memcg), (size_t) (end - s) - strlen(task_memcg) };

                if (is_path(t) && (host || (is_path(l) && is_below(t, l)))) {
                        if ((*ways)++ == 0) {
                                *limit = host ? (KmsgSlice) { start, 0 } : l;
                                *task = t;
                                *ret_comm = comm;
                        }
                }
                if (host)
                        return;
        }
}

int logkill_split(const KmsgSlice *names, const KmsgSlice *comm, KmsgSlice *ret_limit, KmsgSlice *ret_task, KmsgSlice *ret_comm) {
        static const char word[] = ",task=";
        KmsgSlice limit = { 0 }, task = { 0 }, found = { 0 };
        size_t n = names->length;
        int ways = 0;

        /* A comm has at most 15 bytes: of the ",task=" that stand no farther from the end, each is a way to read it. The
         * last one is the likeliest and tried first. */
        for (size_t length = 0; length < KILL_COMM_SIZE && length + strlen(word) <= n; length++) {
                const char *s = names->data + n - length - strlen(word);
                KmsgSlice paths = { names->data, (size_t) (s - names->data) };
                KmsgSlice c = { s + strlen(word), length };

                if (memcmp(s, word, strlen(word)) != 0)
                        continue;
                if (comm ? c.length != comm->length || memcmp(c.data, comm->data, c.length) != 0 : c.length > 15)
                        continue;
                try_paths(paths, c, &limit, &task, &found, &ways);
        }
        if (ways == 0)
                return -EBADMSG;
        *ret_limit = limit;
        *ret_task = task;
        if (ret_comm)
                *ret_comm = found;
        return ways == 1;
}
