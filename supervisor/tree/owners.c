#include "supervisor/tree/owners.h"

#include <stdlib.h>

static Owner *probe(Owner *cells, size_t size, uint32_t uid) {
        size_t i = (uid * UINT32_C(2654435761)) & (size - 1);

        while (cells[i].used && cells[i].uid != uid)
                i = (i + 1) & (size - 1);
        return &cells[i];
}

/* A table with room, without those who own nothing any more. */
static int rebuild(Owners *o) {
        size_t size = 32, wanted = 0;
        Owner *cells;

        for (size_t i = 0; i < o->size; i++)
                wanted += o->cells[i].used && o->cells[i].alive + o->cells[i].dead > 0;
        while (size < wanted * 4)
                size *= 2;
        cells = calloc(size, sizeof(*cells));
        if (!cells)
                return -1;
        o->n = 0;
        for (size_t i = 0; i < o->size; i++)
                if (o->cells[i].used && o->cells[i].alive + o->cells[i].dead > 0) {
                        *probe(cells, size, o->cells[i].uid) = o->cells[i];
                        o->n++;
                }
        free(o->cells);
        o->cells = cells;
        o->size = size;
        return 0;
}

Owner *owners_get(Owners *o, uint32_t uid) {
        Owner *cell;

        if (o->size > 0) {
                cell = probe(o->cells, o->size, uid);
                if (cell->used)
                        return cell;
        }
        if ((o->n + 1) * 2 > o->size && rebuild(o) < 0)
                return NULL;
        cell = probe(o->cells, o->size, uid);
        *cell = (Owner) { .uid = uid, .used = 1 };
        o->n++;
        return cell;
}

Owner *owners_next(Owners *o, Owner *last) {
        size_t i = last ? (size_t) (last - o->cells) + 1 : 0;

        for (; i < o->size; i++)
                if (o->cells[i].used)
                        return &o->cells[i];
        return NULL;
}

void owners_clear(Owners *o) {
        free(o->cells);
        *o = (Owners) { .cells = NULL };
}
