#include "supervisor/act/budgetsrequest.h"

#include <stdlib.h>
#include <string.h>

Request *request_free(Request *r) {
        if (!r)
                return NULL;
        free(r->path);
        free(r->comm);
        free(r->unit);
        r->config = config_unref(r->config);
        free(r);
        return NULL;
}

Request *request_new(RequestType type, uint64_t cookie, uint64_t id, const char *path) {
        Request *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->type = type;
        r->cookie = cookie;
        r->id = id;
        r->path = path ? strdup(path) : NULL;
        if (path && !r->path)
                return request_free(r);
        return r;
}
