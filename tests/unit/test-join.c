#include <jansson.h>
#include <string.h>

#include "check.h"
#include "supervisor/text/join.h"

static void test_rows(void **state) {
        static const struct { const char *why, *base, *more[3], *want; } rows[] = {
                { "nothing to join", "{'id':'a','x':1}", { NULL }, "{'id':'a','x':1}" },
                { "null is filled", "{'id':'a','x':null}", { "{'of':'a','x':5}" }, "{'id':'a','x':5}" },
                { "known is not replaced", "{'id':'a','x':1}", { "{'of':'a','x':5}", "{'of':'a','x':null}" }, "{'id':'a','x':1}" },
                { "null does not unmake", "{'id':'a','x':null}", { "{'of':'a','x':5}", "{'of':'a','x':null}" }, "{'id':'a','x':5}" },
                { "absent is added", "{'id':'a'}", { "{'of':'a','y':2}" }, "{'id':'a','y':2}" },
                { "an empty list is filled, a full one stays", "{'id':'a','l':[],'m':[1]}", { "{'of':'a','l':[1],'m':[2]}" }, "{'id':'a','l':[1],'m':[1]}" },
                { "objects member by member", "{'id':'a','memory':{'p':1,'q':null}}", { "{'of':'a','memory':{'p':9,'q':2,'r':3}}" }, "{'id':'a','memory':{'p':1,'q':2,'r':3}}" },
                { "an object for null", "{'id':'a','identity':null}", { "{'of':'a','identity':{'unit':'x'}}" }, "{'id':'a','identity':{'unit':'x'}}" },
                { "another record's", "{'id':'a','x':null}", { "{'of':'b','x':5}" }, "{'id':'a','x':null}" },
                { "the common part is the base's", "{'id':'a','seq':1,'type':'kill','time':'t'}", { "{'of':'a','id':'m','seq':2,'type':'more','time':'u','key':'k'}" }, "{'id':'a','seq':1,'type':'kill','time':'t'}" },
                { "words are united", "{'id':'a','sources':['kprobe'],'unlimited':['x']}", { "{'of':'a','sources':['proc','kprobe'],'unlimited':['y']}" }, "{'id':'a','sources':['kprobe','proc'],'unlimited':['x','y']}" },
                { "victims by pid and start", "{'id':'a','victims_complete':true,'victims':[{'pid':1,'start_usec':7,'comm':'x','ppid':null},{'pid':2,'start_usec':null}]}",
                  { "{'of':'a','victims':[{'pid':2,'start_usec':9},{'pid':1,'start_usec':8,'ppid':5},{'pid':1,'start_usec':7,'ppid':6,'comm':'forged'}]}" },
                  "{'id':'a','victims_complete':true,'victims':[{'pid':1,'start_usec':7,'comm':'x','ppid':6},{'pid':2,'start_usec':9}]}" },
                { "victims come to an incomplete list", "{'id':'a','victims_complete':false,'victims':[{'pid':1}]}", { "{'of':'a','victims':[{'pid':2}],'victims_complete':true}" },
                  "{'id':'a','victims_complete':true,'victims':[{'pid':1},{'pid':2}]}" },
                { "complete never becomes incomplete", "{'id':'a','victims_complete':true}", { "{'of':'a','victims_complete':false}" }, "{'id':'a','victims_complete':true}" },
                { "a victim's absent cgroup is known", "{'id':'a','victims':[{'pid':1}]}", { "{'of':'a','victims':[{'pid':1,'cgroup':{'id':5},'x':1}]}" }, "{'id':'a','victims':[{'pid':1,'x':1}]}" },
                { "a shape that does not fit", "{'id':'a','victims':{'x':1},'sources':5}", { "{'of':'a','victims':[1],'sources':['a']}" }, "{'id':'a','victims':{'x':1},'sources':5}" },
                { "no record at all", "[1]", { "{'of':'a'}" }, "[1]" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                json_t *parts[4] = { 0 }, *want, *got;
                char text[4][1024];
                size_t n = 0;
                const char *sources[5] = { rows[i].base, rows[i].more[0], rows[i].more[1], rows[i].more[2], NULL };

                for (; sources[n] && n < 4; n++) {
                        strcpy(text[n], sources[n]);
                        for (char *p = text[n]; *p; p++)
                                *p = *p == '\'' ? '"' : *p;
                        parts[n] = json_loads(text[n], 0, NULL);
                        assert_non_null(parts[n]);
                }
                strcpy(text[0], rows[i].want);
                for (char *p = text[0]; *p; p++)
                        *p = *p == '\'' ? '"' : *p;
                want = json_loads(text[0], 0, NULL);
                assert_non_null(want);
                got = join_records(parts[0], (const json_t *const *) &parts[1], n - 1);
                if (!json_equal(got, want))
                        fail_msg("%s: %s", rows[i].why, json_dumps(got, JSON_COMPACT));
                json_decref(got);
                json_decref(want);
                for (size_t p = 0; p < n; p++)
                        json_decref(parts[p]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
