#include "supervisor/base/idmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t slot(uint64_t key, size_t size) {
        key *= UINT64_C(0x9e3779b97f4a7c15);
        return (size_t) (key >> 32) & (size - 1);
}

static IdmapCell *probe(IdmapCell *cells, size_t size, uint64_t key) {
        size_t i = slot(key, size);

        while (cells[i].key != 0 && cells[i].key != key)
                i = (i + 1) & (size - 1);
        return &cells[i];
}

int idmap_set(Idmap *m, uint64_t key, uint64_t value) {
        IdmapCell *cell;

        if ((m->n + 1) * 2 > m->size) {
                size_t size = m->size ? m->size * 2 : 64;
                IdmapCell *cells = calloc(size, sizeof(*cells));

                if (!cells)
                        return -ENOMEM;
                for (size_t i = 0; i < m->size; i++)
                        if (m->cells[i].key != 0)
                                *probe(cells, size, m->cells[i].key) = m->cells[i];
                free(m->cells);
                m->cells = cells;
                m->size = size;
        }
        cell = probe(m->cells, m->size, key);
        m->n += cell->key == 0;
        *cell = (IdmapCell) { key, value };
        return 0;
}

bool idmap_get(const Idmap *m, uint64_t key, uint64_t *ret) {
        const IdmapCell *cell;

        if (m->size == 0)
                return false;
        cell = probe(m->cells, m->size, key);
        if (cell->key == 0)
                return false;
        *ret = cell->value;
        return true;
}

void idmap_remove(Idmap *m, uint64_t key) {
        size_t hole, i;

        if (m->size == 0)
                return;
        hole = (size_t) (probe(m->cells, m->size, key) - m->cells);
        if (m->cells[hole].key == 0)
                return;
        m->n--;
        /* What stood behind it because of it moves up, so that no chain is broken. */
        for (i = (hole + 1) & (m->size - 1); m->cells[i].key != 0; i = (i + 1) & (m->size - 1)) {
                size_t home = slot(m->cells[i].key, m->size);

                if (((i - home) & (m->size - 1)) >= ((i - hole) & (m->size - 1))) {
                        m->cells[hole] = m->cells[i];
                        hole = i;
                }
        }
        m->cells[hole] = (IdmapCell) { 0, 0 };
}

void idmap_reset(Idmap *m) {
        if (m->cells)
                memset(m->cells, 0, m->size * sizeof(*m->cells));
        m->n = 0;
}

void idmap_clear(Idmap *m) {
        free(m->cells);
        *m = (Idmap) IDMAP_INIT;
}
