#include "supervisor/text/explain-parts.h"

#include <inttypes.h>
#include <stdio.h>

int64_t explain_number(const json_t *object, const char *key) {
        const json_t *value = json_object_get(object, key);

        return json_is_integer(value) && json_integer_value(value) > INT64_MIN ? json_integer_value(value) : -1;
}

const char *explain_string(const json_t *object, const char *key) {
        const char *text = json_string_value(json_object_get(object, key));

        return text && *text ? text : NULL;
}

const char *explain_cgroup_name(const json_t *cgroup, char name[static EXPLAIN_NAME_SIZE]) {
        const char *path = explain_string(cgroup, "path");
        int64_t id = explain_number(cgroup, "id");

        if (path)
                (void) snprintf(name, EXPLAIN_NAME_SIZE, "%s", path);
        else if (id > 0)
                (void) snprintf(name, EXPLAIN_NAME_SIZE, "the cgroup with id %" PRId64 " (its name was never seen)", id);
        else
                (void) snprintf(name, EXPLAIN_NAME_SIZE, "a cgroup that is not known");
        return name;
}

/* "container app of pod shop/cart-7d9": what kubectl takes. */
static bool pod_name(const json_t *identity, char name[static EXPLAIN_NAME_SIZE]) {
        const char *pod = explain_string(identity, "pod"), *space = explain_string(identity, "namespace");
        const char *container = explain_string(identity, "container");

        if (!pod)
                return false;
        (void) snprintf(name, EXPLAIN_NAME_SIZE, "%s%spod %s%s%s", container ? container : "", container ? " in " : "",
                        space ? space : "", space ? "/" : "", pod);
        return true;
}

const char *explain_identity_name(const json_t *identity, const json_t *cgroup, char name[static EXPLAIN_NAME_SIZE]) {
        const char *unit = explain_string(identity, "unit"), *container = explain_string(identity, "container");
        const char *id = explain_string(identity, "container_id"), *kind = explain_string(identity, "kind");

        if (pod_name(identity, name))
                return name;
        if (container)
                (void) snprintf(name, EXPLAIN_NAME_SIZE, "container %s", container);
        else if (id)
                (void) snprintf(name, EXPLAIN_NAME_SIZE, "%s%scontainer %.12s", kind ? kind : "", kind ? " " : "", id);
        else if (unit)
                (void) snprintf(name, EXPLAIN_NAME_SIZE, "%s", unit);
        else
                (void) explain_cgroup_name(cgroup, name);
        return name;
}
