#pragma once
/* Arrays that grow by doubling. */
#include <stdlib.h>

/* Room for one item of @each bytes behind the @n of @items, which have room for *@size. Returns the array, moved perhaps, with
 * *@size larger; or NULL without memory: then all is as it was. */
static inline void *array_grow(void *items, size_t n, size_t *size, size_t each) {
        size_t wanted = *size ? *size * 2 : 32;
        void *more;

        if (n < *size)
                return items;
        more = reallocarray(items, wanted, each);
        if (more)
                *size = wanted;
        return more;
}
