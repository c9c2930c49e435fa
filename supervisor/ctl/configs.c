#include "supervisor/ctl/configs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/ctl/print.h"
#include "supervisor/host/conffiles.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/human.h"

int configs_load(const char *path, Config **ret, Complaints *reterr) {
        const ConfigPlaces places = { .directory = path };
        struct stat st;
        ConfFiles files = { 0 };
        int e;

        if (!path)
                return config_load(&places, ret, reterr);
        if (strcmp(path, "-") == 0)
                e = conffiles_read_fd(STDIN_FILENO, "<stdin>", &files, reterr);
        else if (stat(path, &st) < 0) {
                e = -errno;
                complaints_add(reterr, /* warning= */ false, path, 0, "%s", strerror(-e));
                return e;
        } else if (S_ISDIR(st.st_mode))
                return config_load(&places, ret, reterr);
        else
                e = conffiles_read_one(path, &files, reterr);
        if (e == 0)
                e = config_parse(files.files, files.count, ret, reterr);
        conffiles_done(&files);
        return e;
}

void configs_complaints_print(FILE *out, const Complaints *complaints) {
        for (size_t i = 0; i < complaints->count; i++) {
                char line[2048], cell[PRINT_CELL_SIZE];
                Strbuf b = STRBUF_INIT(cell);

                cell[0] = '\0';
                (void) complaint_format(&complaints->items[i], line, sizeof(line));
                escape_terminal(&b, line, strlen(line), /* escaped= */ true);
                (void) fprintf(out, "%s%s\n", complaints->items[i].warning ? "warning: " : "", cell);
        }
}

BudgetFacts configs_facts(const LiveTree *t, size_t index) {
        long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

        return (BudgetFacts) {
                .ancestors_max = index < t->n ? livetree_ancestors_max(t, index) : LIMIT_MAX,
                .ram_bytes = pages > 0 && page > 0 ? (int64_t) pages * page : LIMIT_MAX,
                .page_size = page > 0 ? page : 4096,
        };
}

const char *configs_number(LimitKey key, int64_t number, char text[static CONFIGS_VALUE_SIZE]) {
        char size[HUMAN_SIZE];

        if (key == LIMIT_OOM_SCORE_ADJUST && number == LIMIT_ADJ_UNKNOWN)
                (void) snprintf(text, CONFIGS_VALUE_SIZE, "?");
        else if (key >= LIMIT_MEMORY_COUNT)
                (void) snprintf(text, CONFIGS_VALUE_SIZE, "%" PRId64, number);
        else if (number == LIMIT_MAX)
                (void) snprintf(text, CONFIGS_VALUE_SIZE, "max");
        else
                (void) snprintf(text, CONFIGS_VALUE_SIZE, "%s", human_bytes(number, size));
        return text;
}

const char *configs_value(LimitKey key, const BudgetValue *value, char text[static CONFIGS_VALUE_SIZE]) {
        if (value->percent)
                (void) snprintf(text, CONFIGS_VALUE_SIZE, "%g%%", value->permyriad / 100.0);
        else if (key == LIMIT_OOM_GROUP)
                (void) snprintf(text, CONFIGS_VALUE_SIZE, "%s", value->value ? "yes" : "no");
        else
                return configs_number(key, value->value, text);
        return text;
}
