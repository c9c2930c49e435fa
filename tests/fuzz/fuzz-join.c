#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "supervisor/text/join.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input's lines are JSON: the first the base, the others what came later. Joining twice changes nothing more. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        enum { PARTS = 5 };
        json_t *parts[PARTS] = { 0 };
        const char *p = (const char *) data, *end = p + size;
        size_t n = 0;

        while (p < end && n < PARTS) {
                const char *stop = memchr(p, '\n', (size_t) (end - p));
                size_t length = (size_t) ((stop ? stop : end) - p);

                parts[n] = json_loadb(p, length, 0, NULL);
                if (!parts[n])
                        break;
                n++;
                p = stop ? stop + 1 : end;
        }
        if (n > 0) {
                const json_t *const *more = (const json_t *const *) &parts[1];
                json_t *once = join_records(parts[0], more, n - 1), *twice;

                assert(once);
                if (json_is_object(once)) {
                        assert(!json_object_get(parts[0], "id") || json_equal(json_object_get(once, "id"), json_object_get(parts[0], "id")));
                        assert(json_object_size(once) >= json_object_size(parts[0]));
                }
                twice = join_records(once, more, n - 1);
                assert(twice);
                json_decref(twice);
                json_decref(once);
        }
        for (size_t i = 0; i < PARTS; i++)
                json_decref(parts[i]);
        return 0;
}
