#pragma once
/* A checker of JSON Schema that knows as much of it as packaging/reeve-record.schema.json uses, and fails on any keyword that it
 * does not know. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct Checked {
        const json_t *root;
        char why[512];          /* the first thing wrong; empty: nothing */
} Checked;

static inline bool check_value(Checked *k, const json_t *schema, const json_t *value, const char *at);

static inline bool wrong(Checked *k, const char *at, const char *what) {
        if (!k->why[0])
                (void) snprintf(k->why, sizeof(k->why), "%s: %s", at[0] ? at : "the record", what);
        return false;
}

static inline bool is_type(const json_t *value, const char *type) {
        return (strcmp(type, "object") == 0 && json_is_object(value)) || (strcmp(type, "array") == 0 && json_is_array(value)) ||
               (strcmp(type, "string") == 0 && json_is_string(value)) || (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
               (strcmp(type, "number") == 0 && json_is_number(value)) || (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
               (strcmp(type, "null") == 0 && json_is_null(value));
}

static inline bool is_one_of(const json_t *value, const json_t *types) {
        const json_t *one;
        size_t i;

        if (json_is_string(types))
                return is_type(value, json_string_value(types));
        json_array_foreach(types, i, one)
                if (is_type(value, json_string_value(one)))
                        return true;
        return false;
}

static inline bool is_among(const json_t *value, const json_t *list) {
        const json_t *one;
        size_t i;

        json_array_foreach(list, i, one)
                if (json_equal(value, one))
                        return true;
        return false;
}

static inline bool has_all(Checked *k, const json_t *names, const json_t *value, const char *at) {
        const json_t *one;
        char what[200];
        size_t i;

        json_array_foreach(names, i, one)
                if (json_is_object(value) && !json_object_get(value, json_string_value(one))) {
                        (void) snprintf(what, sizeof(what), "has no %s", json_string_value(one));
                        return wrong(k, at, what);
                }
        return true;
}

static inline bool check_members(Checked *k, const json_t *properties, const json_t *value, const char *at) {
        const char *name;
        json_t *one;
        char deeper[256];
        bool well = true;

        json_object_foreach((json_t *) (uintptr_t) properties, name, one) {
                const json_t *member = json_object_get(value, name);

                (void) snprintf(deeper, sizeof(deeper), "%.180s.%.60s", at, name);
                well = (!member || check_value(k, one, member, deeper)) && well;
        }
        return well;
}

static inline bool check_items(Checked *k, const json_t *items, const json_t *value, const char *at) {
        const json_t *one;
        char deeper[256];
        bool well = true;
        size_t i;

        json_array_foreach(value, i, one) {
                (void) snprintf(deeper, sizeof(deeper), "%.200s[%zu]", at, i);
                well = check_value(k, items, one, deeper) && well;
        }
        return well;
}

/* "#/$defs/NAME" */
static const json_t *definition(const Checked *k, const json_t *reference) {
        const char *name = strrchr(json_string_value(reference), '/');

        return json_object_get(json_object_get(k->root, "$defs"), name + 1);
}

static inline bool check_any(const Checked *k, const json_t *list, const json_t *value, const char *at) {
        const json_t *one;
        size_t i;

        json_array_foreach(list, i, one) {
                Checked quiet = { .root = k->root };

                if (check_value(&quiet, one, value, at))
                        return true;
        }
        return false;
}

static inline bool check_all(Checked *k, const json_t *list, const json_t *value, const char *at) {
        const json_t *one;
        size_t i;

        json_array_foreach(list, i, one) {
                Checked condition = { .root = k->root };

                if (!check_value(&condition, json_object_get(one, "if"), value, at))
                        continue;
                if (!check_value(k, json_object_get(one, "then"), value, at))
                        return false;
        }
        return true;
}

static inline bool check_keyword(Checked *k, const char *keyword, const json_t *argument, const json_t *value, const char *at) {
        if (strcmp(keyword, "type") == 0)
                return is_one_of(value, argument) || wrong(k, at, "is of another type");
        if (strcmp(keyword, "enum") == 0)
                return is_among(value, argument) || wrong(k, at, "is no word of the schema");
        if (strcmp(keyword, "const") == 0)
                return json_equal(value, argument) || wrong(k, at, "is not what it must be");
        if (strcmp(keyword, "required") == 0)
                return has_all(k, argument, value, at);
        if (strcmp(keyword, "properties") == 0)
                return check_members(k, argument, value, at);
        if (strcmp(keyword, "items") == 0)
                return check_items(k, argument, value, at);
        if (strcmp(keyword, "$ref") == 0)
                return check_value(k, definition(k, argument), value, at);
        if (strcmp(keyword, "anyOf") == 0)
                return check_any(k, argument, value, at) || wrong(k, at, "is none of what it may be");
        if (strcmp(keyword, "allOf") == 0)
                return check_all(k, argument, value, at);
        if (strcmp(keyword, "description") == 0 || strcmp(keyword, "title") == 0 || keyword[0] == '$')
                return true;
        return wrong(k, at, keyword);
}

static inline bool check_value(Checked *k, const json_t *schema, const json_t *value, const char *at) {
        const char *keyword;
        json_t *argument;
        bool well = true;

        if (!json_is_object(schema))
                return wrong(k, at, "is told of by nothing");
        json_object_foreach((json_t *) (uintptr_t) schema, keyword, argument)
                well = check_keyword(k, keyword, argument, value, at) && well;
        return well;
}
