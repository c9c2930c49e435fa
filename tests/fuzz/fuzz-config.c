/* The configuration parser: whatever the bytes, it ends, and either gives a Config or complains. */
#include <stdint.h>
#include <stdlib.h>

#include "supervisor/text/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        ConfigFile file = { .name = "fuzz.conf", .text = (const char *) data, .length = size };
        Complaints complaints = COMPLAINTS_INIT;
        Config *c = NULL;
        Budget b;
        int r = config_parse(&file, 1, &c, &complaints);

        if ((r == 0) != (c != NULL) || (r != 0 && complaints.errors == 0))
                abort();
        if (c)
                budget_collect(c->budgets, c->n_budgets, "/system.slice/web-1.service", &b);
        c = config_unref(c);
        complaints_done(&complaints);
        return 0;
}
