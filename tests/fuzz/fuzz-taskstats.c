#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/host/taskstats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Messages of any content, of the family that they claim. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        /* A copy of its own size, so that reading past it is found. */
        unsigned char *message = malloc(size ? size : 1);
        TaskstatsExit e;
        int family = size >= 6 ? data[4] | data[5] << 8 : 0;

        memcpy(message, data, size);
        if (taskstats_parse(&e, message, size, family) == 0) {
                assert(e.tgid > 0);
                assert(strlen(e.comm) < sizeof(e.comm));
        }
        free(message);
        return 0;
}
