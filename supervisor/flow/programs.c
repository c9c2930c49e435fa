#include "supervisor/flow/programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/flow/more.h"
#include "supervisor/text/recordpart.h"

/* So long systemd may take to start one. */
enum { START_USEC = 5000000 };

/* Adds @o, whose reference it takes, to the record. */
static void add(Supervisor *s, const HandTask *t, json_t *o) {
        char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

        if (text)
                more_record(s, t->of_seq, t->cgroup_id, text);
        free(text);
        json_decref(o);
}

void programs_called(Supervisor *s, const HandTask *t) {
        add(s, t, json_pack("{s:{s:s, s:n, s:I, s:o}}", "outcome", "result", reeve_outcome_to_string((int) t->outcome), "freed_bytes",
                            "took_usec", (json_int_t) t->took_usec, "error", t->error[0] ? record_part_text(t->error) : json_null()));
}

void programs_ended(Supervisor *s, const HandTask *t) {
        add(s, t, json_pack("{s:{s:o, s:o, s:o, s:o}}", "program", "result", record_part_word(t->unit_result[0] ? t->unit_result : NULL),
                            "exit_status", record_part_number(t->exit_status), "signal", record_part_number(t->exit_signal), "ran_usec",
                            record_part_number(t->ran_usec)));
}

void programs_call(Supervisor *s, uint64_t seq, uint64_t cgroup_id, const char *path) {
        HandTask task = { .work = HAND_EXEC, .cgroup_id = cgroup_id, .wait_usec = START_USEC, .user = s->options.user, .of_seq = seq };

        (void) snprintf(task.path, sizeof(task.path), "%s", path);
        task.text = strdup(s->emit.text);
        if (task.text && s->rules.unit_hand && hand_post(s->rules.unit_hand, &task))
                return;
        free(task.text);
        task.outcome = REEVE_OUTCOME_FAILED;
        (void) snprintf(task.error, sizeof(task.error), "too much is being done already");
        programs_called(s, &task);
}
