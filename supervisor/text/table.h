#pragma once
/* A table in columns, for terminals and pipes: cells are collected, then written so that they fit. Titles are aligned
 * with their cells; the last column is not padded. Cells are UTF-8 that text/escape has made safe. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum TableStyle { TABLE_PLAIN, TABLE_BOLD, TABLE_DIM, TABLE_RED, TABLE_YELLOW, TABLE_GREEN } TableStyle;

typedef struct TableColumn {
        const char *title;
        bool right;             /* numbers stand at the right */
        bool keep_end;          /* cut at the front: the end of a path says more than its beginning */
        unsigned shrink;        /* 0: never cut; else the highest is cut first */
        size_t least;           /* not below so many columns */
} TableColumn;

typedef struct TableCell {
        const char *text;               /* a copy, freed by table_clear() */
        TableStyle style;
} TableCell;

typedef struct Table {
        const TableColumn *columns;     /* the caller's, longer-lived */
        size_t n_columns;
        TableCell *cells;               /* row by row */
        size_t n_cells, capacity;
        bool failed;                    /* memory ran out; table_write() says so */
} Table;

#define TABLE_INIT(c) { .columns = (c), .n_columns = sizeof(c) / sizeof(*(c)) }

/* Frees the cells; @t may be filled anew. */
void table_clear(Table *t);

/* Appends a cell with a copy of @text (NULL: empty). After the last column the next row begins. */
void table_add(Table *t, TableStyle style, const char *text);

/* As table_add(), of what printf() would print. */
void table_addf(Table *t, TableStyle style, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Writes @t to @out, a line a row, not wider than @width columns (0: as wide as it wants), with colours if @color.
 * Returns 0, or -ENOMEM (nothing was written). */
int table_write(const Table *t, FILE *out, size_t width, bool color);

/* How many terminal columns the UTF-8 text @text takes. */
size_t table_text_width(const char *text);

/* The escape sequence that starts @style; "" for TABLE_PLAIN. table_style_end() ends any. */
const char *table_style_begin(TableStyle style);
const char *table_style_end(void);
