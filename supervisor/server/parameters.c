#include "supervisor/server/parameters.h"

bool parameter_text(json_t *parameters, const char *name, const char **ret) {
        json_t *v = json_object_get(parameters, name);

        *ret = json_string_value(v);
        return !v || json_is_string(v) || json_is_null(v);
}

bool parameter_number(json_t *parameters, const char *name, uint64_t *ret) {
        json_t *v = json_object_get(parameters, name);

        *ret = json_integer_value(v) > 0 ? (uint64_t) json_integer_value(v) : 0;
        return !v || json_is_null(v) || (json_is_integer(v) && json_integer_value(v) >= 0);
}

bool parameter_bool(json_t *parameters, const char *name, bool *ret) {
        json_t *v = json_object_get(parameters, name);

        *ret = json_is_true(v);
        return !v || json_is_boolean(v) || json_is_null(v);
}
