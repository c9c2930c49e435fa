#include "supervisor/text/explain.h"

#include <errno.h>
#include <jansson.h>

int explain_record(Strbuf *out, const char *record) {
        json_t *r = json_loads(record, 0, NULL);

        if (!r)
                return -EINVAL;
        const char *text = json_string_value(json_object_get(r, "text"));
        strbuf_puts(out, text ? text : "");
        json_decref(r);
        return 0;
}

int explain_cgroup(Strbuf *out, const char *facts) {
        return explain_record(out, facts);
}
