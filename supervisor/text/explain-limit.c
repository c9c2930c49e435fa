/* explain: whose limit it was, how full, and who filled it with what. */
#include <inttypes.h>
#include <string.h>

#include "policies/path.h"
#include "supervisor/base/fd.h"
#include "supervisor/text/explain-sections.h"

/* The memory of the OOM's domain: of the limit's cgroup; where the limit was its own, of the victim's. */
static const json_t *domain_memory(const ExplainCase *c) {
        const json_t *memory = json_object_get(c->record, "limit_memory");

        if (json_is_object(memory) && explain_number(memory, "current_bytes") >= 0)
                return memory;
        return strcmp(c->scope, "self") == 0 ? json_object_get(c->record, "memory") : memory;
}

static bool unlimited(const json_t *record, const char *path) {
        const json_t *list = json_object_get(record, "unlimited"), *one;
        size_t i;

        json_array_foreach(list, i, one)
                if (json_is_string(one) && strcmp(json_string_value(one), path) == 0)
                        return true;
        return false;
}

static void fullness_put(const ExplainCase *c) {
        const json_t *memory = domain_memory(c);
        int64_t current = explain_number(memory, "current_bytes"), peak = explain_number(memory, "peak_bytes");
        char a[HUMAN_SIZE], b[HUMAN_SIZE], s[HUMAN_SIZE];

        if (c->limit_bytes >= 0)
                strbuf_printf(c->out, " Its memory.max is %s", human_bytes(c->limit_bytes, a));
        if (c->limit_bytes >= 0 && current >= 0)
                strbuf_printf(c->out, ", and %s were in use (%s)", human_bytes(current, b), human_share(current, c->limit_bytes, s));
        else if (current >= 0)
                strbuf_printf(c->out, " %s were in use there; how much was allowed is not known", human_bytes(current, b));
        else if (c->limit_bytes < 0)
                strbuf_puts(c->out, " How high it is, and how full it was, is not known");
        strbuf_puts(c->out, ".");
        if (peak >= 0 && current >= 0 && peak > current + current / 20)
                strbuf_printf(c->out, " Its highest use ever was %s.", human_bytes(peak, a));
}

static void swap_put(const ExplainCase *c) {
        int64_t swap = explain_number(domain_memory(c), "swap_bytes");
        char a[HUMAN_SIZE];

        if (swap == 0)
                strbuf_puts(c->out, " None of its memory was in swap.");
        else if (swap > 0)
                strbuf_printf(c->out, " Another %s of it lay in swap.", human_bytes(swap, a));
}

static void host_put(const ExplainCase *c) {
        const char *constraint = explain_string(c->record, "constraint");

        if (constraint && strcmp(constraint, "cpuset") == 0)
                strbuf_puts(c->out, "The NUMA nodes that the cpuset of the asking process allows had no memory left; others may have had some.");
        else if (constraint && strcmp(constraint, "memory_policy") == 0)
                strbuf_puts(c->out, "The NUMA nodes that the memory policy of the asking process allows had no memory left; others may have had some.");
        else
                strbuf_puts(c->out, "The host as a whole had no memory left. The kernel then takes a process from anywhere, "
                                    "also from a service that is well below its own limit.");
}

static void none_put(const ExplainCase *c) {
        const json_t *killer = json_object_get(c->record, "killer_process");
        const char *comm = explain_string(killer, "comm"), *unit = explain_string(killer, "unit");
        int64_t pid = explain_number(killer, "pid");

        if (strcmp(c->killer, "reeve") == 0) {
                strbuf_puts(c->out, "Reeve itself did it, by a rule of its configuration");
        } else {
                strbuf_printf(c->out, "The SIGKILL came from %s", comm ? comm : unit ? unit : "a program that is not known");
                if (pid > 0)
                        strbuf_printf(c->out, " (pid %" PRId64 "%s%s)", pid, comm && unit ? ", " : "", comm && unit ? unit : "");
        }
        strbuf_puts(c->out, ". The kernel's own OOM killer had no part in it, and no limit needs to have been reached: such "
                            "programs act earlier, on pressure or on little free memory or swap.");
}

void explain_ancestors(Strbuf *out, const json_t *ancestors, const json_t *limit_cgroup, int64_t limit_current) {
        int64_t limit_id = explain_number(limit_cgroup, "id");
        const json_t *one;
        char a[HUMAN_SIZE], b[HUMAN_SIZE], s[HUMAN_SIZE], name[EXPLAIN_NAME_SIZE];
        size_t i;

        if (json_array_size(ancestors) == 0)
                return;
        strbuf_printf(out, "How far each level was from its own limit%s:\n",
                      limit_current >= 0 && json_array_size(ancestors) > 1 ? " (the one reached at the kill, the others a moment later)" : "");
        json_array_foreach(ancestors, i, one) {
                const json_t *cgroup = json_object_get(one, "cgroup");
                int64_t current = explain_number(one, "current_bytes"), max = explain_number(one, "max_bytes");
                int64_t high = explain_number(one, "high_bytes");
                bool this = limit_id > 0 && explain_number(cgroup, "id") == limit_id;

                if (this && limit_current >= 0)
                        current = limit_current;
                strbuf_printf(out, "  %6s of %-8s %11s  %s%s", current < 0 ? "?" : human_bytes(current, a),
                              max >= 0 ? human_bytes(max, b) : json_object_get(one, "max_bytes") ? "no limit" : "?", current < 0 || max <= 0 ? "" : human_share(current, max, s),
                              explain_cgroup_name(cgroup, name), this ? "  <- this limit" : "");
                if (high >= 0)
                        strbuf_printf(out, " (memory.high %s)", human_bytes(high, a));
                strbuf_puts(out, "\n");
        }
        strbuf_puts(out, "\n");
}

void explain_limit(const ExplainCase *c) {
        strbuf_puts(c->out, "\n");
        if (strcmp(c->scope, "self") == 0) {
                strbuf_printf(c->out, "Whose limit: its own, that of %s.", c->limit_name);
                fullness_put(c);
                swap_put(c);
        } else if (c->limit_shared) {
                strbuf_printf(c->out, "Whose limit: that of %s, which lies above %s and counts all that is below it.", c->limit_name, c->name);
                fullness_put(c);
                swap_put(c);
        } else if (strcmp(c->killer, "sysrq") == 0)
                strbuf_puts(c->out, "Nobody's limit: the key combination or 'echo f > /proc/sysrq-trigger' makes the kernel kill "
                                    "the process with the most points on the host, whether memory is short or not.");
        else if (strcmp(c->scope, "host") == 0)
                host_put(c);
        else if (strcmp(c->scope, "none") == 0)
                none_put(c);
        else
                strbuf_puts(c->out, "Whose limit it was could not be seen.");
        strbuf_puts(c->out, "\n\n");
        explain_ancestors(c->out, json_object_get(c->record, "ancestors"), json_object_get(c->record, "limit_cgroup"),
                          explain_number(json_object_get(c->record, "limit_memory"), "current_bytes"));
        if (unlimited(c->record, "memory.max_bytes") && c->limit_shared)
                strbuf_printf(c->out, "%s has no memory.max of its own, so nothing kept it from being counted against the others.\n\n", c->name);
}

static const struct {
        const char *key, *words;
} mix[] = {
        { "anon_bytes", "anonymous memory (heap, stacks)" },
        { "file_bytes", "file cache" },
        { "shmem_bytes", "shared memory and tmpfs" },
        { "kernel_bytes", "kernel memory on its behalf (page tables, sockets, inodes)" },
};

/* memory.stat is read a moment after the kill, and the victim's memory may be on its way out by then. */
static const char *mix_opening(const json_t *memory) {
        int64_t sum = 0, whole = explain_number(memory, "current_bytes");

        for (size_t i = 0; i < ELEMENTSOF(mix); i++)
                if (strcmp(mix[i].key, "shmem_bytes") != 0 && explain_number(memory, mix[i].key) > 0)
                        sum += explain_number(memory, mix[i].key);
        return whole > 0 && sum < whole / 10 * 8 ? "With what, as far as it was still there when it was read: " : "With what: ";
}

bool explain_mix(Strbuf *out, const json_t *memory, const char *opening) {
        int64_t file = explain_number(memory, "file_bytes"), shmem = explain_number(memory, "shmem_bytes");
        bool any = false;
        char a[HUMAN_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(mix); i++) {
                int64_t bytes = explain_number(memory, mix[i].key);

                /* memory.stat counts tmpfs pages as file too; here each byte is told once. */
                if (strcmp(mix[i].key, "file_bytes") == 0 && file >= 0 && shmem > 0)
                        bytes = file > shmem ? file - shmem : 0;
                if (bytes <= 0)
                        continue;
                strbuf_printf(out, "%s%s %s", any ? ", " : opening, human_bytes(bytes, a), mix[i].words);
                any = true;
        }
        if (any)
                strbuf_puts(out, ".");
        return any;
}

bool explain_mix_has(const ExplainCase *c, const char *key) {
        const json_t *memory = domain_memory(c);
        int64_t part = explain_number(memory, key), whole = explain_number(memory, "current_bytes");

        return part > 0 && whole > 0 && part >= whole / 4;
}

const json_t *explain_filler(const ExplainCase *c) {
        const json_t *list = json_object_get(c->record, "contributors"), *one, *best = NULL;
        size_t i;

        json_array_foreach(list, i, one)
                if (explain_number(one, "current_bytes") > explain_number(best, "current_bytes"))
                        best = one;
        return best;
}

/* Whether the victim's cgroup is @cgroup, or is below it. */
static bool victim_below(const ExplainCase *c, const json_t *cgroup) {
        const json_t *own = json_object_get(c->record, "cgroup");
        const char *path = explain_string(own, "path"), *above = explain_string(cgroup, "path");
        int64_t id = explain_number(own, "id");

        if (id > 0 && id == explain_number(cgroup, "id"))
                return true;
        return path && above && path_is_below(path, above);
}

static void contributors_put(const ExplainCase *c) {
        const json_t *list = json_object_get(c->record, "contributors"), *one;
        char a[HUMAN_SIZE], g[HUMAN_SIZE], name[EXPLAIN_NAME_SIZE];
        size_t i;

        json_array_foreach(list, i, one) {
                const json_t *cgroup = json_object_get(one, "cgroup");
                int64_t growth = explain_number(one, "growth_bytes");
                bool known = json_is_integer(json_object_get(one, "growth_bytes"));

                strbuf_printf(c->out, "  %6s", human_bytes(explain_number(one, "current_bytes"), a));
                if (known)
                        strbuf_printf(c->out, "  %c%-6s in 60 s", growth < 0 ? '-' : '+', human_bytes(growth < 0 ? -growth : growth, g));
                strbuf_printf(c->out, "  %s%s\n", explain_cgroup_name(cgroup, name), victim_below(c, cgroup) ? "  <- the victim's" : "");
        }
}

void explain_filling(const ExplainCase *c) {
        const json_t *filler = explain_filler(c);
        char a[HUMAN_SIZE], name[EXPLAIN_NAME_SIZE];
        const char *own = strcmp(c->scope, "self") == 0 ? "it" : strcmp(c->scope, "host") == 0 ? "the host" : c->limit_name;

        if (filler) {
                strbuf_printf(c->out, "Who filled %s: %s", own, explain_cgroup_name(json_object_get(filler, "cgroup"), name));
                if (explain_number(filler, "current_bytes") >= 0)
                        strbuf_printf(c->out, " held most, %s", human_bytes(explain_number(filler, "current_bytes"), a));
                if (!victim_below(c, json_object_get(filler, "cgroup")))
                        strbuf_puts(c->out, ". That is not where the kernel killed");
                strbuf_puts(c->out, ".\n");
                contributors_put(c);
                strbuf_puts(c->out, "\n");
        } else if (c->limit_shared || (strcmp(c->scope, "host") == 0 && strcmp(c->killer, "sysrq") != 0))
                strbuf_printf(c->out, "Who filled %s was not seen.\n\n", own);
        if (explain_mix(c->out, domain_memory(c), mix_opening(domain_memory(c))))
                strbuf_puts(c->out, "\n\n");
}
