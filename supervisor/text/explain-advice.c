/* explain: what one can do, chosen by the case; commands can be copied. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/text/explain-sections.h"

/* Half as much again as @bytes, rounded up to 64M (to 1M below 128M): a size to begin with. */
static const char *more_than(int64_t bytes, char text[static HUMAN_SIZE]) {
        if (bytes > INT64_C(1) << 60) {
                (void) snprintf(text, HUMAN_SIZE, "SIZE");
                return text;
        }

        int64_t step = INT64_C(1) << (bytes < INT64_C(128) << 20 ? 20 : 26), wanted = bytes + bytes / 2;

        wanted = (wanted + step - 1) / step * step;
        if (wanted % (INT64_C(1) << 30) == 0)
                (void) snprintf(text, HUMAN_SIZE, "%" PRId64 "G", wanted >> 30);
        else
                (void) snprintf(text, HUMAN_SIZE, "%" PRId64 "M", wanted >> 20);
        return text;
}

/* Whether @name can stand in a shell command as it is. */
static bool plain_word(const char *name) {
        return name && name[0] != '-' && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._@:-") == strlen(name);
}

/* A command about @target; names with other characters are put in quotes (escaped names have no quote of this kind
 * unless the user gave one: then the command is left out). */
static void command(Strbuf *out, const char *before, const char *target, const char *after) {
        if (plain_word(target))
                strbuf_printf(out, "  %s%s%s\n", before, target, after);
        else if (!strchr(target, '\''))
                strbuf_printf(out, "  %s'%s'%s\n", before, target, after);
}

static bool kind_is(const ExplainCase *c, const char *kind) {
        const char *own = explain_string(c->identity, "kind");

        return own && strcmp(own, kind) == 0;
}

/* Whether @unit has a file that can be edited: scopes have none. */
static bool is_service(const char *unit) {
        size_t length = unit ? strlen(unit) : 0;

        return length > 8 && strcmp(unit + length - 8, ".service") == 0;
}

/* Whether the last part of @path is called as a unit of systemd's is. */
static bool is_unit_path(const char *path) {
        static const char *const suffixes[] = { ".service", ".scope", ".slice", ".socket", ".mount", ".swap" };
        const char *name = strrchr(path, '/'), *dot = name ? strrchr(name, '.') : NULL;

        for (size_t i = 0; dot && i < sizeof(suffixes) / sizeof(*suffixes); i++)
                if (strcmp(dot, suffixes[i]) == 0)
                        return true;
        return false;
}

/* Ends the sentence that begins with the limit of @path being changed, and tells how: what is no unit's, Set refuses. */
static void change_limit(const ExplainCase *c, const char *path, const char *size) {
        char after[2 * HUMAN_SIZE];

        (void) snprintf(after, sizeof(after), " MemoryMax=%s", size);
        if (is_unit_path(path)) {
                const char *manager = strstr(path, "/user@");
                bool user = manager && strstr(manager, ".service/");

                strbuf_puts(c->out, ":\n");
                /* Its own manager's: it would set it back, and it is the user's whatever he calls it. */
                command(c->out, user ? "systemctl --user set-property --runtime " : "reevectl set ", user ? strrchr(path, '/') + 1 : path, after);
                return;
        }
        strbuf_puts(c->out, ". It is no unit of systemd's: whoever made it can, or a budget of Reeve's");
        if (strpbrk(path, "*?[")) {
                strbuf_puts(c->out, " with Own=adopt.\n");
                return;
        }
        strbuf_printf(c->out, ":\n  Match=%s\n  Own=adopt\n  MemoryMax=%s\n", path, size);
}

/* Whether the limit is that of @unit itself, not of a cgroup below it. */
static bool limit_is_of(const ExplainCase *c, const char *unit, const char *path) {
        const char *limit = explain_string(json_object_get(c->record, "limit_cgroup"), "path"), *name = NULL;

        if (!limit)
                limit = path;
        name = limit ? strrchr(limit, '/') : NULL;
        return !name || strcmp(name + 1, unit) == 0;
}

/* Whether what runs there has a manager with a command of its own for that. */
static bool is_of_runtime(const ExplainCase *c) {
        static const char *const kinds[] = { "docker", "podman", "nomad", "slurm", "lxc" };

        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
                if (kind_is(c, kinds[i]))
                        return true;
        return false;
}

/* The same of what a runtime or scheduler set, by its own means. */
static void raise_at_runtime(const ExplainCase *c, const char *size) {
        const char *id = explain_string(c->identity, "container_id"), *container = explain_string(c->identity, "container");
        char text[4 * HUMAN_SIZE];

        strbuf_puts(c->out, ":\n");
        if (kind_is(c, "nomad"))
                strbuf_puts(c->out, "  resources { memory = ... } in the job's task\n");
        else if (kind_is(c, "slurm"))
                strbuf_puts(c->out, "  sbatch --mem=...\n");
        else if (kind_is(c, "lxc")) {
                (void) snprintf(text, sizeof(text), " limits.memory %sB", size);
                command(c->out, "lxc config set ", container ? container : "NAME", text);
        } else {
                (void) snprintf(text, sizeof(text), "%s update --memory %s%s ", explain_string(c->identity, "kind"), size,
                                kind_is(c, "docker") ? " --memory-swap -1" : "");
                command(c->out, text, container ? container : id ? id : "NAME", "");
        }
}

/* The same of a limit that is @unit's own. */
static void raise_unit(const ExplainCase *c, const char *unit, const char *size) {
        bool user = kind_is(c, "user_unit");
        char after[2 * HUMAN_SIZE];

        (void) snprintf(after, sizeof(after), " MemoryMax=%s", size);
        strbuf_puts(c->out, ":\n");
        command(c->out, user ? "systemctl --user set-property --runtime " : "reevectl set ", unit, after);
        if (!is_service(unit))
                return;
        command(c->out, user ? "systemctl --user edit " : "systemctl edit ", unit, "");
        strbuf_printf(c->out, "The first lasts until it stops; in the second [Service] MemoryMax=%s stays.\n", size);
}

/* How to raise the limit of what @c->identity names. */
static void raise_own(const ExplainCase *c) {
        const char *unit = explain_string(c->identity, "unit"), *path = explain_string(json_object_get(c->record, "cgroup"), "path");
        char size[HUMAN_SIZE] = "SIZE";

        if (c->limit_bytes > 0)
                (void) more_than(c->limit_bytes, size);
        if (kind_is(c, "kubernetes")) {
                strbuf_printf(c->out, "- Give %s a higher resources.limits.memory in its manifest (%s, for example); a limit set past "
                                      "the kubelet does not last.\n", c->name, size);
                return;
        }
        if (!unit && !path && !is_of_runtime(c))
                return;
        strbuf_puts(c->out, "- If it needs that much by right, give it more");
        if (is_of_runtime(c))
                raise_at_runtime(c, size);
        else if (unit && limit_is_of(c, unit, path))
                raise_unit(c, unit, size);
        else if (unit && strncmp(unit, "reeve-run-", strlen("reeve-run-")) == 0)
                strbuf_printf(c->out, ":\n  reevectl run --memory-max=%s -- COMMAND\n", size);
        else if (path)
                change_limit(c, path, size);
        else
                strbuf_puts(c->out, ".\n");
}

static void java_advice(const ExplainCase *c) {
        const char *comm = explain_string(c->victim, "comm"), *cmdline = explain_string(c->victim, "cmdline");
        bool java = (comm && strcmp(comm, "java") == 0) || (cmdline && (strncmp(cmdline, "java ", 5) == 0 || strstr(cmdline, "/java ")));

        if (java)
                strbuf_puts(c->out, "- A JVM needs room beside its heap (metaspace, threads, direct buffers, code): leave it a quarter. "
                                    "-XX:HeapDumpOnOutOfMemoryError does not help here, since the JVM never learnt of it.\n"
                                    "  java -XX:MaxRAMPercentage=75 ...\n");
        else if (comm && strcmp(comm, "node") == 0)
                strbuf_puts(c->out, "- Node.js can be told to collect garbage before the limit instead of growing past it:\n"
                                    "  node --max-old-space-size=MEGABYTES ...\n");
}

static void mix_advice(const ExplainCase *c) {
        if (explain_mix_has(c, "shmem_bytes"))
                strbuf_puts(c->out, "- Much of it is shared memory or files in a tmpfs, which no kill frees while the files exist. Look for them:\n"
                                    "  df -h -t tmpfs; ls -l /dev/shm\n");
        if (explain_mix_has(c, "kernel_bytes"))
                strbuf_puts(c->out, "- Much of it is memory of the kernel on its behalf: many files or directories touched, sockets with "
                                    "unread data, very many threads.\n");
}

static void swap_advice(const ExplainCase *c) {
        const json_t *memory = json_object_get(c->record, "limit_memory");

        if (explain_number(memory, "swap_bytes") == 0 && explain_mix_has(c, "anon_bytes"))
                strbuf_puts(c->out, "- None of it was in swap. Where the host has swap and MemorySwapMax= is not 0, memory that is seldom touched "
                                    "can move there before anything dies.\n");
}

static void adjust_advice(const ExplainCase *c) {
        const json_t *adj = json_object_get(c->victim, "oom_score_adj");

        if (json_integer_value(adj) > 0)
                strbuf_printf(c->out, "- Its oom_score_adj of %" JSON_INTEGER_FORMAT " makes it the first to go. If that is not wanted, lower "
                                      "OOMScoreAdjust= of its unit (or what its container runtime sets).\n", json_integer_value(adj));
}

static void group_advice(const ExplainCase *c) {
        const char *unit = explain_string(c->identity, "unit");
        size_t victims = json_array_size(json_object_get(c->record, "victims"));

        if (!unit)
                return;
        if (json_is_true(json_object_get(c->record, "group_kill")) && victims > 1)
                strbuf_puts(c->out, "- If the rest could live on without the one that was too large, set OOMPolicy=continue (this unsets "
                                    "memory.oom.group).\n");
        else if (json_is_false(json_object_get(c->record, "group_kill")) && json_is_false(json_object_get(c->victim, "main")))
                strbuf_puts(c->out, "- Only a child died, not the main process. If the service is of no use without it, OOMPolicy=kill lets all "
                                    "of it die together and Restart= begin anew.\n");
}

static void shared_advice(const ExplainCase *c) {
        const json_t *filler = explain_filler(c);
        const char *path = explain_string(json_object_get(filler, "cgroup"), "path");
        const char *limit = explain_string(json_object_get(c->record, "limit_cgroup"), "path");
        const char *own = explain_string(c->identity, "unit");
        char size[HUMAN_SIZE];

        if (path) {
                strbuf_printf(c->out, "- Give %s a limit of its own, so that it meets its own end and not its neighbours'%s", path,
                              c->limit_bytes > 0 ? " (half of the shared one, for example)" : "");
                change_limit(c, path, c->limit_bytes > 0 ? human_bytes(c->limit_bytes / 2, size) : "SIZE");
        }
        if (limit) {
                strbuf_puts(c->out, "- Or, if all below it need more, raise the shared limit");
                change_limit(c, limit, c->limit_bytes > 0 ? more_than(c->limit_bytes, size) : "SIZE");
        }
        strbuf_puts(c->out, "- To have the kernel look elsewhere first next time, lower OOMScoreAdjust= of this service");
        if (is_service(own) && plain_word(own))
                strbuf_printf(c->out, ":\n  systemctl edit %s      # [Service] OOMScoreAdjust=-300\n", own);
        else
                strbuf_puts(c->out, ".\n");
}

static void host_advice(const ExplainCase *c) {
        const json_t *filler = explain_filler(c);
        const char *path = explain_string(json_object_get(filler, "cgroup"), "path"), *unit = explain_string(c->identity, "unit");

        if (path && strcmp(path, "/") != 0) {
                strbuf_puts(c->out, "- Bound what filled the host, so that it is killed by its own limit and nobody else is");
                change_limit(c, path, "SIZE");
        }
        strbuf_puts(c->out, "- Shield what must live: OOMScoreAdjust=-500 keeps the kernel away from it for long, MemoryMin= keeps its memory "
                            "from being taken.\n");
        if (is_service(unit) && plain_word(unit))
                strbuf_printf(c->out, "  systemctl edit %s\n", unit);
        strbuf_puts(c->out, "- Give the host swap, or less to do: 'free -h' shows what is left now, 'reevectl' who is nearest to a limit.\n");
}

static void manager_advice(const ExplainCase *c) {
        const char *comm = explain_string(json_object_get(c->record, "killer_process"), "comm");
        const char *unit = explain_string(json_object_get(c->record, "killer_process"), "unit");
        const char *who = unit ? unit : comm ? comm : "";

        if (strcmp(c->killer, "reeve") == 0)
                strbuf_puts(c->out, "- The verdict behind it says which rule and why: 'reevectl events --type verdict' lists them, 'reevectl explain' with its id tells all.\n");
        else if (strstr(who, "systemd-oomd"))
                strbuf_puts(c->out, "- systemd-oomd acts on ManagedOOMSwap= and ManagedOOMMemoryPressure= of the slices above. To be passed over, set "
                                    "ManagedOOMPreference=avoid (or omit) on the unit. What it looks at now:\n  oomctl\n");
        else if (strstr(who, "earlyoom"))
                strbuf_puts(c->out, "- earlyoom goes by free memory and swap of the host; --avoid REGEX in /etc/default/earlyoom spares processes by name.\n");
        else
                strbuf_puts(c->out, "- The configuration of that program says when it acts, and whom it spares.\n");
}

void explain_advice(const ExplainCase *c) {
        strbuf_puts(c->out, "What you can do:\n");
        if (strcmp(c->scope, "none") == 0)
                manager_advice(c);
        else if (strcmp(c->killer, "sysrq") == 0)
                strbuf_puts(c->out, "- Ask who did it: a shell, a hung machine's operator, a script. 'kernel.sysrq' says who may.\n"
                                    "  sysctl kernel.sysrq\n");
        else if (strcmp(c->selection, "limit_write") == 0)
                strbuf_puts(c->out, "- Lower limits with reevectl set: it brings the usage down first, and refuses where that cannot be done.\n");
        else if (c->limit_shared)
                shared_advice(c);
        else if (strcmp(c->scope, "host") == 0)
                host_advice(c);
        else if (strcmp(c->scope, "self") == 0) {
                raise_own(c);
                strbuf_puts(c->out, "- If it grows without end, a higher limit only delays the next kill: look for the leak.\n");
        }
        if (strcmp(c->killer, "kernel") == 0 && strcmp(c->selection, "limit_write") != 0) {
                java_advice(c);
                mix_advice(c);
                swap_advice(c);
                adjust_advice(c);
                group_advice(c);
        }
        if (*c->scope == '\0' || strcmp(c->scope, "unknown") == 0)
                strbuf_puts(c->out, "- 'reevectl doctor' says what keeps Reeve from seeing more of the next one.\n");
}
