/* Near its limit: what memory.events of the budgeted cgroups tell. */
#include "supervisor/flow/counters.h"

#include <stdio.h>

#include "supervisor/flow/intake.h"
#include "supervisor/flow/lookagain.h"
#include "supervisor/flow/rules.h"
#include "supervisor/flow/whose.h"

/* The tier log without a kernel log knows of kills by these counters alone. */
static void count_kills(Supervisor *s, const EventswatchNews *news) {
        int64_t grown = news->local_now.oom_kill < 0 ? 0 : news->local_now.oom_kill - news->local_before.oom_kill;
        Kill kill;

        if (s->from.kprobe || s->from.log || grown <= 0)
                return;
        logsource_counted(&kill, news->id, whose_path(s, news->id), (uint32_t) grown, news->now_nsec);
        intake_kill(s, &kill);
}

static void on_events(void *userdata, const EventswatchNews *news) {
        Supervisor *s = userdata;
        EyesRequest look = { .kind = EYES_READ_AHEAD, .cgroup_id = news->id };
        const char *path = whose_path(s, news->id);

        count_kills(s, news);
        /* Of a victim whose cgroup went away at once only those above tell: the balance then says what was lost. */
        if (!s->from.kprobe && news->now.oom_kill > news->before.oom_kill)
                lookagain_later(s);
        /* Who has a budget is near its own limit; an ancestor of thousands, watched for a rule, is not. */
        if (news->gone || (rules_herald(s, news->id) && !(path && s->budgets && budgets_wants(s->budgets, path))))
                return;
        if (path)
                (void) snprintf(look.path, sizeof(look.path), "%s", path);
        (void) eyes_post(s->eyes, &look);
}

void counters_drain(Supervisor *s) {
        (void) eventswatch_drain(s->eventswatch, on_events, s);
}
