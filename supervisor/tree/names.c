#include "supervisor/tree/names.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 8192, KEEP_FREE = 32 };

struct NamesBlock {
        NamesBlock *next;
        char room[];
};

static const size_t sizes[NAMES_CLASSES] = { 24, 48, 96, 264 };

static int class_of(size_t room) {
        for (int c = 0; c < NAMES_CLASSES; c++)
                if (room <= sizes[c])
                        return c;
        return -1;
}

static void push(Names *n, int c, void *cell) {
        memcpy(cell, &n->free[c], sizeof(void *));
        n->free[c] = cell;
        n->n_free[c]++;
}

static int grow(Names *n, int c) {
        NamesBlock *b = malloc(BLOCK_SIZE);
        size_t cells = (BLOCK_SIZE - sizeof(*b)) / sizes[c];

        if (!b)
                return -1;
        b->next = n->blocks;
        n->blocks = b;
        n->bytes += BLOCK_SIZE;
        for (size_t i = cells; i-- > 0;)
                push(n, c, b->room + i * sizes[c]);
        return 0;
}

char *names_copy(Names *n, const char *name, size_t length) {
        int c = class_of(length + 1);
        char *cell;

        if (c < 0)
                cell = malloc(length + 1);
        else {
                if (!n->free[c] && grow(n, c) < 0)
                        return NULL;
                cell = n->free[c];
                memcpy(&n->free[c], cell, sizeof(void *));
                n->n_free[c]--;
        }
        if (!cell)
                return NULL;
        memcpy(cell, name, length);
        cell[length] = '\0';
        return cell;
}

void names_release(Names *n, char *name) {
        int c;

        if (!name)
                return;
        c = class_of(strlen(name) + 1);
        if (c < 0)
                free(name);
        else
                push(n, c, name);
}

void names_prepare(Names *n) {
        for (int c = 0; c < NAMES_CLASSES - 1; c++)
                if (n->n_free[c] < KEEP_FREE)
                        (void) grow(n, c);
}

void names_clear(Names *n) {
        while (n->blocks) {
                NamesBlock *next = n->blocks->next;

                free(n->blocks);
                n->blocks = next;
        }
        *n = (Names) { .blocks = NULL };
}
