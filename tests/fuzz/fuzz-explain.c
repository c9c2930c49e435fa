#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/text/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *record = malloc(size + 1), text[4096];
        Strbuf out = STRBUF_INIT(text);

        memcpy(record, data, size);
        record[size] = '\0';
        text[0] = '\0';
        (void) explain_record(&out, record);
        (void) explain_cgroup(&out, record);
        free(record);
        return 0;
}
