/* Records in a few words: for rows of tables and lines of streams. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/base/strbuf.h"
#include "supervisor/ctl/print.h"
#include "supervisor/text/human.h"

static const char *string_of(const json_t *object, const char *key) {
        const char *text = json_string_value(json_object_get(object, key));

        return text && *text ? text : NULL;
}

static const char *word_of(const json_t *object, const char *key) {
        const char *text = string_of(object, key);

        return text ? text : "";
}

static int64_t number_of(const json_t *object, const char *key) {
        const json_t *value = json_object_get(object, key);

        return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* The path of @cgroup, "id:N", or "?". */
static const char *cgroup_of(const json_t *cgroup, char text[static PRINT_CELL_SIZE]) {
        const char *path = string_of(cgroup, "path");

        if (path)
                return print_cell(path, text);
        if (number_of(cgroup, "id") > 0)
                (void) snprintf(text, PRINT_CELL_SIZE, "id:%" PRId64, number_of(cgroup, "id"));
        else
                (void) snprintf(text, PRINT_CELL_SIZE, "?");
        return text;
}

const char *print_who(const json_t *record, char cell[static PRINT_CELL_SIZE]) {
        const json_t *identity = json_object_get(record, "identity");
        const char *pod = string_of(identity, "pod"), *space = string_of(identity, "namespace");
        const char *container = string_of(identity, "container"), *id = string_of(identity, "container_id");
        const char *unit = string_of(identity, "unit");
        char text[PRINT_CELL_SIZE];

        /* A claimed identity is what a user called his directories: the path says where they are, and forges nothing. */
        if (strcmp(word_of(identity, "confidence"), "claimed") == 0)
                return cgroup_of(json_object_get(record, "cgroup"), cell);
        if (pod)
                (void) snprintf(text, sizeof(text), "%s%s%s%s%s", space ? space : "", space ? "/" : "", pod, container ? "/" : "",
                                container ? container : "");
        else if (container)
                (void) snprintf(text, sizeof(text), "%s", container);
        else if (id)
                (void) snprintf(text, sizeof(text), "%s:%.12s", word_of(identity, "kind"), id);
        else if (unit)
                (void) snprintf(text, sizeof(text), "%s", unit);
        else
                return cgroup_of(json_object_get(record, "cgroup"), cell);
        return print_cell(text, cell);
}

static void process_of(const json_t *process, char text[static PRINT_CELL_SIZE]) {
        char comm[PRINT_CELL_SIZE];

        (void) print_cell(string_of(process, "comm") ? string_of(process, "comm") : "?", comm);
        if (number_of(process, "pid") > 0)
                (void) snprintf(text, PRINT_CELL_SIZE, "%.200s[%" PRId64 "]", comm, number_of(process, "pid"));
        else
                (void) snprintf(text, PRINT_CELL_SIZE, "%.200s", comm);
}

const char *print_victims(const json_t *record, char cell[static PRINT_CELL_SIZE]) {
        const json_t *list = json_object_get(record, "victims"), *first = json_array_get(list, 0);
        size_t n = json_array_size(list), used;

        if (!first)
                first = json_object_get(record, "victim");
        if (!first) {
                (void) snprintf(cell, PRINT_CELL_SIZE, "not seen");
                return cell;
        }
        process_of(first, cell);
        used = strlen(cell);
        if (n > 1)
                (void) snprintf(cell + used, PRINT_CELL_SIZE - used, " +%zu", n - 1);
        return cell;
}

static const char *killed_by(const json_t *record, const char *key, const char *before, const char *after,
                             char cell[static PRINT_CELL_SIZE]) {
        const json_t *process = json_object_get(record, key);
        char text[PRINT_CELL_SIZE];

        process_of(process, text);
        (void) snprintf(cell, PRINT_CELL_SIZE, "%s%.300s%s", before, text, after);
        return cell;
}

static const char *sigkill_why(const json_t *record, char cell[static PRINT_CELL_SIZE]) {
        if (strcmp(word_of(record, "means"), "kernel") == 0)
                (void) snprintf(cell, PRINT_CELL_SIZE, "SIGKILL by the kernel, no OOM");
        else if (json_is_object(json_object_get(record, "sender")))
                return killed_by(record, "sender", "SIGKILL by ", ", no OOM", cell);
        else
                (void) snprintf(cell, PRINT_CELL_SIZE, "SIGKILL, sender not seen, no OOM");
        return cell;
}

const char *print_why(const json_t *record, char cell[static PRINT_CELL_SIZE]) {
        const char *scope = word_of(record, "scope"), *killer = word_of(record, "killer");
        int64_t limit = number_of(record, "limit_bytes");
        char size[HUMAN_SIZE + 1] = "", path[PRINT_CELL_SIZE];

        if (strcmp(word_of(record, "type"), "sigkill") == 0)
                return sigkill_why(record, cell);
        if (limit >= 0)
                (void) snprintf(size, sizeof(size), " %s", human_bytes(limit, path));
        if (strcmp(word_of(record, "selection"), "limit_write") == 0)
                (void) snprintf(cell, PRINT_CELL_SIZE, "limit set below use");
        else if (strcmp(killer, "sysrq") == 0)
                (void) snprintf(cell, PRINT_CELL_SIZE, "asked by sysrq-f");
        else if (strcmp(killer, "reeve") == 0)
                (void) snprintf(cell, PRINT_CELL_SIZE, "by Reeve's rule");
        else if (strcmp(scope, "none") == 0)
                return killed_by(record, "killer_process", "by ", "", cell);
        else if (strcmp(scope, "self") == 0)
                (void) snprintf(cell, PRINT_CELL_SIZE, "own limit%s", size);
        else if (strcmp(scope, "ancestor") == 0)
                (void) snprintf(cell, PRINT_CELL_SIZE, "limit%s of %.300s", size, cgroup_of(json_object_get(record, "limit_cgroup"), path));
        else if (strcmp(scope, "host") == 0)
                (void) snprintf(cell, PRINT_CELL_SIZE, "host memory");
        else
                (void) snprintf(cell, PRINT_CELL_SIZE, "not seen");
        return cell;
}

/* A limit's value @key: bytes of a memory key, or a plain number; "max" where the record says so, "?" where it knows none. */
static const char *value_of(const json_t *record, const char *key, char text[static HUMAN_SIZE]) {
        const json_t *value = json_object_get(record, key), *list = json_object_get(record, "unlimited"), *one;
        size_t i;

        (void) snprintf(text, HUMAN_SIZE, "?");
        if (json_is_string(value))
                (void) snprintf(text, HUMAN_SIZE, "%s", json_string_value(value));
        else if (json_is_integer(value) && strncmp(word_of(record, "key"), "Memory", 6) == 0)
                (void) human_bytes(json_integer_value(value), text);
        else if (json_is_integer(value))
                (void) snprintf(text, HUMAN_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        json_array_foreach(list, i, one)
                if (json_is_string(one) && strncmp(json_string_value(one), key, strlen(key)) == 0)
                        (void) snprintf(text, HUMAN_SIZE, "max");
        return text;
}

static void limit_sentence(const json_t *record, char cell[static PRINT_CELL_SIZE]) {
        const char *outcome = word_of(json_object_get(record, "outcome"), "result"), *error = string_of(record, "error");
        char path[PRINT_CELL_SIZE], before[HUMAN_SIZE], after[HUMAN_SIZE], wanted[HUMAN_SIZE], why[PRINT_CELL_SIZE];

        if (!*outcome)
                outcome = word_of(record, "outcome");
        if (!error)
                error = string_of(json_object_get(record, "outcome"), "error");
        (void) cgroup_of(json_object_get(record, "cgroup"), path);
        if (strcmp(outcome, "refused") == 0 || strcmp(outcome, "failed") == 0 || strcmp(outcome, "gone") == 0)
                (void) snprintf(cell, PRINT_CELL_SIZE, "%.400s: %s=%s %s: %.300s", path, word_of(record, "key"),
                                value_of(record, "wanted", wanted), outcome, print_cell(error ? error : word_of(record, "reason"), why));
        else if (json_is_true(json_object_get(record, "dry_run")))
                (void) snprintf(cell, PRINT_CELL_SIZE, "%.400s: %s would go from %s to %s", path, word_of(record, "key"),
                                value_of(record, "before", before), value_of(record, "wanted", wanted));
        else
                (void) snprintf(cell, PRINT_CELL_SIZE, "%.400s: %s %s -> %s%s%s", path, word_of(record, "key"), value_of(record, "before", before),
                                value_of(record, "after", after), strcmp(word_of(record, "by"), "reeve") == 0 ? "" : ", by ",
                                strcmp(word_of(record, "by"), "reeve") == 0 ? "" : word_of(record, "by"));
}

/* "More about r7k2m9x4-9: limit_memory, contributors." */
static void more_sentence(const json_t *record, char cell[static PRINT_CELL_SIZE]) {
        static const char common[] = " schema seq id type time recorded_time boottime_usec boot_id machine_id hostname incident "
                                     "configuration of unlimited ";
        Strbuf out = { .data = cell, .size = PRINT_CELL_SIZE };
        char name[PRINT_CELL_SIZE], word[80];
        const char *key, *between = ": ";
        json_t *value;

        strbuf_printf(&out, "More about %s", print_cell(word_of(record, "of"), name));
        json_object_foreach((json_t *) (uintptr_t) record, key, value) {
                (void) snprintf(word, sizeof(word), " %.70s ", key);
                if (strstr(common, word))
                        continue;
                strbuf_printf(&out, "%s%.200s", between, print_cell(key, name));
                between = ", ";
        }
        strbuf_puts(&out, ".");
}

const char *print_sentence(const json_t *record, char cell[static PRINT_CELL_SIZE]) {
        const char *type = word_of(record, "type"), *text = string_of(record, "text");
        char a[PRINT_CELL_SIZE], b[PRINT_CELL_SIZE], w[PRINT_CELL_SIZE];

        if (text)
                return print_cell(text, cell);
        if (strcmp(type, "kill") == 0 || strcmp(type, "sigkill") == 0)
                (void) snprintf(cell, PRINT_CELL_SIZE, "%.400s: %.200s, %.300s", print_who(record, a), print_victims(record, b), print_why(record, w));
        else if (strcmp(type, "limit") == 0)
                limit_sentence(record, cell);
        else if (strcmp(type, "gap") == 0)
                (void) snprintf(cell, PRINT_CELL_SIZE, "%" PRId64 " lost: %s", number_of(record, "lost"), word_of(record, "cause"));
        else if (strcmp(type, "more") == 0)
                more_sentence(record, cell);
        else
                (void) snprintf(cell, PRINT_CELL_SIZE, "%s", print_cell(word_of(record, "event"), a));
        return cell;
}
