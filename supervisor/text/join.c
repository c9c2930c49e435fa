#include "supervisor/text/join.h"

json_t *join_records(const json_t *base, const json_t *const more[], size_t n_more) {
        (void) more;
        (void) n_more;
        return json_deep_copy(base);
}
