/* reevectl status CGROUP: how near it is to what binds it, and what it is made of. */
#include "supervisor/ctl/standing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/print.h"
#include "supervisor/text/human.h"

static int64_t number_of(const json_t *object, const char *key) {
        const json_t *value = json_object_get(object, key);

        return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* "48M", "?" where not known. */
static const char *bytes_of(const json_t *object, const char *key, char text[static HUMAN_SIZE]) {
        return human_bytes(number_of(object, key), text);
}

static bool is_unlimited(const json_t *standing, const char *path) {
        const json_t *one;
        size_t i;

        json_array_foreach(json_object_get(standing, "unlimited"), i, one)
                if (json_is_string(one) && strcmp(json_string_value(one), path) == 0)
                        return true;
        return false;
}

/* A limit: bytes, "max" where @path says that there is none. */
static const char *limit_of(const json_t *standing, const json_t *object, const char *key, const char *path, char text[static HUMAN_SIZE]) {
        if (is_unlimited(standing, path))
                (void) snprintf(text, HUMAN_SIZE, "max");
        else
                (void) bytes_of(object, key, text);
        return text;
}

static void label_print(const CtlContext *c, const char *label) {
        print_style(c, TABLE_DIM);
        (void) printf("%-11s", label);
        print_style(c, TABLE_PLAIN);
}

static void use_print(const CtlContext *c, const json_t *standing, const char *path) {
        const json_t *memory = json_object_get(standing, "memory"), *binds = json_object_get(standing, "effective_cgroup");
        const char *whose = json_string_value(json_object_get(binds, "path"));
        int64_t unreclaimable = number_of(memory, "unreclaimable_bytes"), most = number_of(standing, "effective_bytes");
        char a[HUMAN_SIZE], b[HUMAN_SIZE], cell[PRINT_CELL_SIZE];

        label_print(c, "in use");
        if (number_of(memory, "current_bytes") < 0 && strcmp(path, "/") != 0) {
                /* Threaded cgroups too, and those of a delegation that was not passed on. */
                (void) puts("not counted here: its parent has not given it the memory controller, so it counts above");
                return;
        }
        if (number_of(memory, "current_bytes") < 0)
                (void) printf("not counted at the root; %s cannot be reclaimed\n", human_bytes(unreclaimable, a));
        else
                (void) printf("%s, at most so far %s; %s cannot be reclaimed\n", bytes_of(memory, "current_bytes", a),
                              bytes_of(memory, "peak_bytes", b), human_bytes(unreclaimable, cell));
        label_print(c, "may have");
        if (most < 0 || !whose)
                (void) puts("all that the host has");
        else {
                (void) fputs(human_bytes(most, a), stdout);
                if (strcmp(whose, path) == 0)
                        (void) fputs(", by its own limit", stdout);
                else
                        (void) printf(", by the limit of %s", print_cell(whose, cell));
                (void) printf("; %s of that is taken and cannot be reclaimed\n", human_share(unreclaimable, most, b));
        }
        label_print(c, "made of");
        (void) printf("%s anonymous, ", bytes_of(memory, "anon_bytes", a));
        (void) printf("%s file cache, ", bytes_of(memory, "file_bytes", a));
        (void) printf("%s shared or tmpfs, ", bytes_of(memory, "shmem_bytes", a));
        (void) printf("%s kernel", bytes_of(memory, "kernel_bytes", a));
        if (number_of(memory, "swap_bytes") >= 0)
                (void) printf("; %s in swap", bytes_of(memory, "swap_bytes", a));
        (void) fputc('\n', stdout);
}

static void limits_print(const CtlContext *c, const json_t *standing) {
        const json_t *limits = json_object_get(standing, "limits");
        char text[HUMAN_SIZE];

        /* The root has none, nor events of its own. */
        if (number_of(json_object_get(standing, "memory"), "current_bytes") < 0)
                return;
        label_print(c, "limits");
        (void) printf("MemoryMin=%s ", limit_of(standing, limits, "min_bytes", "limits.min_bytes", text));
        (void) printf("MemoryLow=%s ", limit_of(standing, limits, "low_bytes", "limits.low_bytes", text));
        (void) printf("MemoryHigh=%s ", limit_of(standing, limits, "high_bytes", "limits.high_bytes", text));
        (void) printf("MemoryMax=%s ", limit_of(standing, limits, "max_bytes", "limits.max_bytes", text));
        (void) printf("MemorySwapMax=%s ", limit_of(standing, limits, "swap_max_bytes", "limits.swap_max_bytes", text));
        (void) printf("OOMGroup=%s\n", json_is_true(json_object_get(limits, "oom_group")) ? "yes" : "no");
}

static void events_print(const CtlContext *c, const json_t *standing) {
        const json_t *counters = json_object_get(standing, "counters"), *pressure = json_object_get(standing, "pressure");
        const json_t *some = json_object_get(pressure, "some_avg10_ratio"), *full = json_object_get(pressure, "full_avg10_ratio");
        char max[HUMAN_SIZE], high[HUMAN_SIZE], kills[HUMAN_SIZE];

        if (number_of(counters, "oom_kill") >= 0) {
                label_print(c, "so far");
                (void) printf("met MemoryMax %s, MemoryHigh %s; processes taken by the OOM killer: %s\n",
                      human_times(number_of(counters, "max"), max), human_times(number_of(counters, "high"), high),
                              human_count(number_of(counters, "oom_kill"), kills));
        }
        label_print(c, "pressure");
        if (json_is_number(some) && json_is_number(full))
                (void) printf("some tasks waited for memory %.1f %% of the last 10 s, all of them %.1f %%\n",
                              100 * json_number_value(some), 100 * json_number_value(full));
        else
                (void) puts("not known");
        if (json_is_false(json_object_get(standing, "populated")) || json_is_true(json_object_get(standing, "frozen"))) {
                label_print(c, "processes");
                (void) puts(json_is_true(json_object_get(standing, "frozen")) ? "frozen" : "none");
        }
}

static void ancestors_print(const CtlContext *c, const json_t *standing) {
        static const TableColumn columns[] = {
                { .title = "IN USE", .right = true },
                { .title = "HIGH", .right = true },
                { .title = "MAX", .right = true },
                { .title = "LEVEL", .shrink = 1, .least = 24, .keep_end = true },
        };
        Table t = TABLE_INIT(columns);
        const json_t *one;
        size_t i;

        json_array_foreach(json_object_get(standing, "ancestors"), i, one) {
                char text[HUMAN_SIZE], path[64], cell[PRINT_CELL_SIZE];

                table_add(&t, TABLE_PLAIN, bytes_of(one, "current_bytes", text));
                (void) snprintf(path, sizeof(path), "ancestors[%zu].high_bytes", i);
                table_add(&t, TABLE_PLAIN, limit_of(standing, one, "high_bytes", path, text));
                (void) snprintf(path, sizeof(path), "ancestors[%zu].max_bytes", i);
                table_add(&t, TABLE_PLAIN, limit_of(standing, one, "max_bytes", path, text));
                table_add(&t, TABLE_PLAIN, print_cell(json_string_value(json_object_get(json_object_get(one, "cgroup"), "path")), cell));
        }
        if (t.n_cells > 0) {
                (void) fputc('\n', stdout);
                (void) table_write(&t, stdout, c->width, c->color);
        }
        table_clear(&t);
}

static void contributors_print(const CtlContext *c, const json_t *standing) {
        static const TableColumn columns[] = {
                { .title = "IN USE", .right = true },
                { .title = "KEPT", .right = true },
                { .title = "OF ITS CHILDREN", .shrink = 1, .least = 24, .keep_end = true },
        };
        Table t = TABLE_INIT(columns);
        const json_t *one;
        size_t i;

        json_array_foreach(json_object_get(standing, "contributors"), i, one) {
                char text[HUMAN_SIZE], cell[PRINT_CELL_SIZE];

                table_add(&t, TABLE_PLAIN, bytes_of(one, "current_bytes", text));
                table_add(&t, TABLE_PLAIN, bytes_of(one, "unreclaimable_bytes", text));
                table_add(&t, TABLE_PLAIN, print_cell(json_string_value(json_object_get(json_object_get(one, "cgroup"), "path")), cell));
        }
        if (t.n_cells > 0) {
                (void) fputc('\n', stdout);
                (void) table_write(&t, stdout, c->width, c->color);
        }
        table_clear(&t);
}

void standing_print(const CtlContext *c, const json_t *standing) {
        const json_t *cgroup = json_object_get(standing, "cgroup");
        const char *path = json_string_value(json_object_get(cgroup, "path"));
        int64_t owner = number_of(standing, "owner_uid");

        print_style(c, TABLE_BOLD);
        print_name(stdout, path ? path : "(name not known)");
        print_style(c, TABLE_PLAIN);
        (void) printf(", id %" PRId64, number_of(cgroup, "id"));
        if (owner > 0)
                (void) printf(", of uid %" PRId64, owner);
        (void) puts(".");
        use_print(c, standing, path ? path : "");
        limits_print(c, standing);
        events_print(c, standing);
        ancestors_print(c, standing);
        contributors_print(c, standing);
}
