#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/ctl/print.h"
#include "supervisor/ctl/records.h"
#include "supervisor/ctl/session.h"

static const OptionsHelp help = {
        .usage = "explain CGROUP|RECORD|pid:N",
        .text = "Says in plain words what happened: whose limit it was, how far each level was from\n"
                "its own, who filled it and with what, whom the kernel took and why, and what one\n"
                "can do. Of a cgroup or process the newest kill; of a SIGKILL that was no OOM kill\n"
                "who sent it. RECORD is an id, its number, last or last~2; CGROUP a /path, a unit\n"
                "with its suffix, a container id or name, NAMESPACE/POD, or id:N.",
        .examples = "  reevectl explain last\n"
                    "  reevectl explain web.service\n"
                    "  reevectl explain pid:4711",
        .least = 1,
        .most = 1,
};

/* The full id where @word is a record's number, `last` or `last~N`. */
static int record_name(char **ret, reeve *r, const char *word) {
        json_auto_t *record = NULL;
        int e = records_find(&record, r, word);

        if (e == CTL_DONE) {
                const char *id = json_string_value(json_object_get(record, "id"));

                *ret = strdup(id ? id : word);
                e = *ret ? CTL_DONE : CTL_FAILED;
        }
        return e;
}

static int answer_print(const CtlContext *c, const char *text, json_t *records) {
        if (!c->json) {
                print_explanation(c, text);
                return CTL_DONE;
        }

        json_auto_t *answer = json_pack("{s:s, s:O}", "text", text, "records", records);

        return answer ? print_json(c, answer) : CTL_FAILED;
}

/* reevectl explain. */
int ctl_explain(int argc, char **argv, const CtlContext *c) {
        _cleanup_reeve_ reeve *r = NULL;
        _cleanup_free_ char *name = NULL, *text = NULL;
        char *records_text = NULL;
        Options o;
        int e, error;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if ((e = session_open(&r, &o.context)) != CTL_DONE)
                return e;
        if (records_is_name(o.arguments[0]) && (e = record_name(&name, r, o.arguments[0])) != CTL_DONE)
                return e;
        error = reeve_explain(r, name ? name : o.arguments[0], &text, &records_text);
        if (error < 0)
                return session_call_fail(r, error, o.arguments[0]);

        json_auto_t *records = session_json(records_text);

        return answer_print(&o.context, text, records);
}
