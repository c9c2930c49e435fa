/* What a person means by the name of a cgroup. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/attribute/identity.h"
#include "supervisor/tree/tree.h"

/* Labels are NAMESPACE_POD_UID or NAMESPACE_POD_UID/CONTAINER (host/podnames.h). Kubernetes' names have no underscore. */
static bool label_matches(const char *label, const char *word) {
        const char *container, *end, *space, *uid, *slash = strchr(word, '/');

        if (!label || !*word)
                return false;
        container = strchr(label, '/');
        end = container ? container : label + strlen(label);
        space = strchr(label, '_');
        uid = memrchr(label, '_', (size_t) (end - label));
        if (!slash)
                return container && strcmp(container + 1, word) == 0;
        return space && uid > space && (size_t) (slash - word) == (size_t) (space - label) &&
               strncmp(word, label, (size_t) (slash - word)) == 0 && strlen(slash + 1) == (size_t) (uid - space - 1) &&
               strncmp(slash + 1, space + 1, (size_t) (uid - space - 1)) == 0;
}

static bool group_matches(const TreeGroup *g, const char *word) {
        return (strchr(word, '.') && strcmp(g->name, word) == 0) || identity_names_container(g->name, word) ||
               label_matches(g->label, word);
}

/* One id at most: of a path or of id:N. */
static size_t one(const Tree *t, uint64_t id, uint64_t *ret, size_t max) {
        TreeGroup g;

        if (id == 0 || !tree_get(t, id, &g))
                return 0;
        if (max > 0)
                ret[0] = id;
        return 1;
}

static bool same_path(const Tree *t, uint64_t a, uint64_t b) {
        char path[2][8192];
        TreeGroup x, y;

        if (!tree_get(t, a, &x) || !tree_get(t, b, &y) || strcmp(x.name, y.name) != 0)
                return false;
        return x.parent_id == y.parent_id || (tree_path(t, a, path[0], sizeof(path[0])) > 0 && tree_path(t, b, path[1], sizeof(path[1])) > 0 &&
               strcmp(path[0], path[1]) == 0);
}

/* Whether the path of the dead cgroup @id is among the @n in @found: a service that starts again has another cgroup each time, and
 * is one name all the same. The newest stands for all of them. */
static bool stands_for(const Tree *t, uint64_t id, uint64_t *found, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (same_path(t, id, found[i])) {
                        if (found[i] < id)
                                found[i] = id;
                        return true;
                }
        return false;
}

size_t tree_resolve(const Tree *t, const char *word, uint64_t *ret, size_t max) {
        size_t living = 0, dead = 0;
        TreeGroup g;

        if (*word == '/') {
                char path[8192];
                size_t n = strlen(word);

                if (n >= sizeof(path))
                        return 0;
                memcpy(path, word, n + 1);
                while (n > 1 && path[n - 1] == '/')
                        path[--n] = '\0';
                return one(t, tree_find(t, path), ret, max);
        }
        if (strncmp(word, "id:", 3) == 0) {
                char *end;
                unsigned long long id = strtoull(word + 3, &end, 10);

                return isdigit((unsigned char) word[3]) && *end == '\0' ? one(t, id, ret, max) : 0;
        }
        for (size_t i = 0; (i = tree_next(t, i, &g));) {
                if (!group_matches(&g, word) || (!g.alive && living > 0))
                        continue;
                if (g.alive && living == 0)
                        dead = 0;       /* the first living one: what was found dead does not count */
                if (!g.alive && stands_for(t, g.id, ret, dead < max ? dead : max))
                        continue;
                if (living + dead < max)
                        ret[living + dead] = g.id;
                if (g.alive)
                        living++;
                else
                        dead++;
        }
        return living + dead;
}
