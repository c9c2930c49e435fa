/* explain: who died, why the kernel took them, what came before and after. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/text/explain-sections.h"

enum { VICTIMS_SHOWN = 10, PROCESSES_SHOWN = 5 };

static int64_t resident(const json_t *process) {
        int64_t anon = explain_number(process, "anon_bytes"), file = explain_number(process, "file_bytes");
        int64_t shmem = explain_number(process, "shmem_bytes");

        if (anon < 0 && file < 0 && shmem < 0)
                return -1;
        return (anon > 0 ? anon : 0) + (file > 0 ? file : 0) + (shmem > 0 ? shmem : 0);
}

/* " pid 4711  java       480M  adj 0  123,456 points". */
static void process_row(Strbuf *out, const json_t *process) {
        const char *comm = explain_string(process, "comm");
        int64_t points = explain_number(process, "points");
        const json_t *adj = json_object_get(process, "oom_score_adj");
        char a[HUMAN_SIZE];

        strbuf_printf(out, "  pid %-7" PRId64 " %-15s %6s", explain_number(process, "pid"), comm ? comm : "?", human_bytes(resident(process), a));
        if (json_is_integer(adj))
                strbuf_printf(out, "  oom_score_adj %" JSON_INTEGER_FORMAT, json_integer_value(adj));
        if (points >= 0)
                strbuf_printf(out, "  %s points", human_count(points, a));
}

static void victim_row(const ExplainCase *c, const json_t *victim) {
        const char *why = explain_string(victim, "why");
        const json_t *main_process = json_object_get(victim, "main");
        char name[EXPLAIN_NAME_SIZE];

        process_row(c->out, victim);
        if (why && strcmp(why, "group") == 0)
                strbuf_puts(c->out, "  (with its group)");
        else if (why && strcmp(why, "shared_mm") == 0)
                strbuf_puts(c->out, "  (shares the memory of the first)");
        if (json_is_true(main_process))
                strbuf_puts(c->out, "  (main process)");
        if (json_is_object(json_object_get(victim, "cgroup")))
                strbuf_printf(c->out, "  in %s", explain_cgroup_name(json_object_get(victim, "cgroup"), name));
        strbuf_puts(c->out, "\n");
}

/* What the first victim's memory was. */
static void chosen_mix(const ExplainCase *c) {
        int64_t anon = explain_number(c->victim, "anon_bytes"), file = explain_number(c->victim, "file_bytes");
        int64_t shmem = explain_number(c->victim, "shmem_bytes"), swap = explain_number(c->victim, "swap_bytes");
        int64_t tables = explain_number(c->victim, "page_table_bytes");
        const struct {
                int64_t bytes;
                const char *words;
        } parts[] = { { anon, "anonymous memory" }, { file, "of files" }, { shmem, "shared memory" },
                      { tables >= 1 << 20 ? tables : 0, "of page tables" }, { swap, "in swap" } };
        char a[HUMAN_SIZE];
        bool any = false;

        for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
                if (parts[i].bytes > 0) {
                        if (!any)
                                strbuf_printf(c->out, "%s had ", c->process);
                        strbuf_printf(c->out, "%s%s %s", any ? ", " : "", human_bytes(parts[i].bytes, a), parts[i].words);
                        any = true;
                }
        if (any)
                strbuf_puts(c->out, ".\n\n");
}

/* The largest process that was not taken, where the one that was is known to be smaller. */
static const json_t *larger_survivor(const ExplainCase *c) {
        const json_t *processes = json_object_get(c->record, "processes"), *one, *best = NULL;
        int64_t own = resident(c->victim), pid = explain_number(c->victim, "pid");
        size_t i;

        if (own < 0)
                return NULL;
        json_array_foreach(processes, i, one)
                if (explain_number(one, "pid") != pid && resident(one) > own && resident(one) > resident(best))
                        best = one;
        return best;
}

static void badness_put(const ExplainCase *c) {
        const json_t *adj = json_object_get(c->victim, "oom_score_adj"), *larger = larger_survivor(c);
        const char *larger_comm = explain_string(larger, "comm");
        int64_t points = explain_number(c->victim, "points");
        char n[HUMAN_SIZE];

        strbuf_puts(c->out, "Why this one: the kernel takes the process with the most points, and a point is a page of RAM, "
                            "swap or page tables, shifted by oom_score_adj");
        if (points >= 0)
                strbuf_printf(c->out, "; %s had %s", c->process, human_count(points, n));
        strbuf_puts(c->out, ".");
        if (json_integer_value(adj) > 0)
                strbuf_printf(c->out, " Its oom_score_adj of %" JSON_INTEGER_FORMAT " offered it to the kernel before others of its size.",
                              json_integer_value(adj));
        else if (json_integer_value(adj) < 0)
                strbuf_printf(c->out, " It was taken in spite of its oom_score_adj of %" JSON_INTEGER_FORMAT ".", json_integer_value(adj));
        if (larger && json_is_integer(json_object_get(larger, "oom_score_adj")) &&
            json_integer_value(json_object_get(larger, "oom_score_adj")) < json_integer_value(adj))
                strbuf_printf(c->out, " %s (pid %" PRId64 ") was larger, but its oom_score_adj of %" JSON_INTEGER_FORMAT " shielded it.",
                              larger_comm ? larger_comm : "Another process", explain_number(larger, "pid"),
                              json_integer_value(json_object_get(larger, "oom_score_adj")));
        strbuf_puts(c->out, "\n\n");
}

static void why_put(const ExplainCase *c) {
        if (strcmp(c->selection, "allocating_task") == 0)
                strbuf_puts(c->out, "Why this one: vm.oom_kill_allocating_task is set, so the kernel takes the process that asked for "
                                    "memory, not the one that holds most.\n\n");
        else if (strcmp(c->selection, "badness") == 0 || strcmp(c->selection, "limit_write") == 0 || strcmp(c->selection, "sysrq") == 0)
                badness_put(c);
}

static void processes_put(const ExplainCase *c) {
        const json_t *list = json_object_get(c->record, "processes"), *one;
        int64_t pid = explain_number(c->victim, "pid");
        bool taken = explain_number(c->victim, "points") < 0;
        size_t i;

        if (json_array_size(list) == 0)
                return;
        /* Read a moment later, the list may lack who was dead by then. */
        json_array_foreach(list, i, one)
                taken |= explain_number(one, "pid") == pid;
        strbuf_printf(c->out, "%s\n", json_is_true(json_object_get(c->record, "processes_complete"))
                                              ? "The largest it could choose from:"
                                              : "Among those it could choose from:");
        json_array_foreach(list, i, one) {
                if (i == PROCESSES_SHOWN)
                        break;
                if (!taken && explain_number(one, "points") <= explain_number(c->victim, "points")) {
                        process_row(c->out, c->victim);
                        strbuf_puts(c->out, "  <- taken\n");
                        taken = true;
                }
                process_row(c->out, one);
                strbuf_puts(c->out, explain_number(one, "pid") == pid ? "  <- taken\n" : "\n");
        }
        strbuf_puts(c->out, "\n");
}

static void group_put(const ExplainCase *c, size_t victims) {
        char name[EXPLAIN_NAME_SIZE];

        if (!json_is_true(json_object_get(c->record, "group_kill")))
                return;
        strbuf_printf(c->out, "%s has memory.oom.group set, so its processes died together (%zu seen)",
                      json_is_object(json_object_get(c->record, "kill_cgroup"))
                              ? explain_cgroup_name(json_object_get(c->record, "kill_cgroup"), name)
                              : "A cgroup",
                      victims);
        strbuf_puts(c->out, ".\n\n");
}

static void invoker_put(const ExplainCase *c) {
        const json_t *invoker = json_object_get(c->record, "invoker");
        const char *comm = explain_string(invoker, "comm");
        int64_t pid = explain_number(invoker, "pid"), tgid = explain_number(invoker, "tgid");

        if (tgid > 0)
                pid = tgid;
        if (!comm || pid <= 0 || pid == explain_number(c->victim, "pid"))
                return;
        if (strcmp(c->selection, "limit_write") == 0)
                strbuf_printf(c->out, "%s (pid %" PRId64 ") wrote the limit.\n\n", comm, pid);
        else if (strcmp(c->scope, "none") != 0 && strcmp(c->killer, "sysrq") != 0)
                strbuf_printf(c->out, "%s (pid %" PRId64 ") asked for the page that was not there (\"%s invoked oom-killer\"). That "
                                      "makes it the last drop, not the cause.\n\n", comm, pid, comm);
}

void explain_victims(const ExplainCase *c) {
        const json_t *list = json_object_get(c->record, "victims"), *one;
        size_t i, n = json_array_size(list);

        if (n == 0) {
                strbuf_puts(c->out, "Who died is not known: the kill was counted, not seen.\n\n");
                return;
        }
        if (n > 1) {
                strbuf_printf(c->out, "Who died, %zu processes:\n", n);
                json_array_foreach(list, i, one) {
                        if (i == VICTIMS_SHOWN)
                                break;
                        victim_row(c, one);
                }
                if (n > VICTIMS_SHOWN)
                        strbuf_printf(c->out, "  and %zu more\n", n - VICTIMS_SHOWN);
                strbuf_puts(c->out, "\n");
        }
        chosen_mix(c);
        group_put(c, n);
        if (json_is_false(json_object_get(c->record, "victims_complete")))
                strbuf_puts(c->out, "There may have been more victims than were seen.\n\n");
        why_put(c);
        processes_put(c);
        invoker_put(c);
}

static void counters_put(const ExplainCase *c) {
        const json_t *counters = json_object_get(c->record, "counters"), *before = json_object_get(counters, "before");
        const json_t *at = explain_number(before, "max") >= 0 ? before : json_object_get(counters, "after");
        int64_t max = explain_number(at, "max"), high = explain_number(at, "high"), kills = explain_number(at, "oom_kill");
        char m[HUMAN_SIZE], h[HUMAN_SIZE], k[HUMAN_SIZE];

        if (max < 0 && high < 0)
                return;
        if (max == 0 && high == 0)
                strbuf_printf(c->out, "%s: since it was made, %s had met neither its memory.max nor its memory.high",
                              at == before ? "Before" : "By then", strcmp(c->scope, "self") == 0 ? "it" : c->limit_name);
        else
                strbuf_printf(c->out, "%s: since it was made, %s had met its memory.max %s and its memory.high %s",
                      at == before ? "Before" : "By then", strcmp(c->scope, "self") == 0 ? "it" : c->limit_name,
                      human_times(max, m), human_times(high, h));
        if (kills >= 0)
                strbuf_printf(c->out, "; the OOM killer had taken %s of its processes", kills == 0 ? "none" : human_count(kills, k));
        strbuf_puts(c->out, ".");
        if (max > 100)
                strbuf_puts(c->out, " Each of those is a moment at the limit in which the kernel still found something to reclaim: it lived on the edge.");
        strbuf_puts(c->out, "\n\n");
}

static void pressure_put(const ExplainCase *c) {
        const json_t *pressure = json_object_get(c->record, "pressure"), *some = json_object_get(pressure, "some_avg10_ratio");
        const json_t *full = json_object_get(pressure, "full_avg10_ratio");

        if (!json_is_number(some))
                return;
        if (json_number_value(some) < 0.005) {
                strbuf_puts(c->out, "In the 10 s before, none of its tasks had to wait for memory.\n\n");
                return;
        }
        strbuf_printf(c->out, "In the 10 s before, some of its tasks waited for memory %.0f %% of the time", 100 * json_number_value(some));
        if (json_is_number(full))
                strbuf_printf(c->out, ", all of them at once %.0f %%", 100 * json_number_value(full));
        strbuf_puts(c->out, ".\n\n");
}

static void after_put(const ExplainCase *c) {
        const json_t *after = json_object_get(c->record, "after");
        const char *result = explain_string(after, "unit_result"), *again = explain_string(after, "restarted_time");

        /* Of a unit that goes on this is its result so far, and says nothing. */
        if (result && strcmp(result, "success") == 0)
                result = NULL;
        if (!result && !again)
                return;
        strbuf_puts(c->out, "Afterwards:");
        if (result)
                strbuf_printf(c->out, " systemd gave the unit the result '%s'", result);
        if (again && strlen(again) > 19)
                strbuf_printf(c->out, "%s it was started again at %.8s UTC", result ? ", and" : "", again + 11);
        strbuf_puts(c->out, ".\n\n");
}

static void certainty_put(const ExplainCase *c) {
        const char *confidence = explain_string(c->record, "confidence"), *tier = explain_string(c->record, "tier");
        const json_t *identity = json_object_get(c->record, "identity");

        if (confidence && strcmp(confidence, "counted") == 0)
                strbuf_puts(c->out, "How sure: only counters told of this kill, so who died was not seen.\n\n");
        else if (confidence && strcmp(confidence, "likely") == 0)
                strbuf_printf(c->out, "How sure: likely, not certain%s.\n\n",
                              tier && strcmp(tier, "log") == 0 ? "; it was read from the kernel log, which can lose lines" : "");
        if (json_is_true(json_object_get(c->record, "late")))
                strbuf_puts(c->out, "Reeve was not watching at that moment: this was read back later, so what is not in the logs is missing here.\n\n");
        if (json_is_object(identity) && !c->identity)
                strbuf_puts(c->out, "The names of these directories look like a service or container, but a user made them: they prove nothing, "
                                    "so the cgroup is called by its path here.\n\n");
}

void explain_history(const ExplainCase *c) {
        counters_put(c);
        pressure_put(c);
        after_put(c);
        strbuf_puts(c->out, "SIGKILL cannot be caught: there is no core dump, no heap dump and no last log line of what died. "
                            "This record is what is left.\n\n");
        certainty_put(c);
}
