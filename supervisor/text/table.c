#include "supervisor/text/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"
#include "supervisor/text/escape.h"

enum { GAP = 2 };

void table_clear(Table *t) {
        for (size_t i = 0; i < t->n_cells; i++)
                free((void *) (uintptr_t) t->cells[i].text);
        free(t->cells);
        t->cells = NULL;
        t->n_cells = t->capacity = 0;
        t->failed = false;
}

void table_add(Table *t, TableStyle style, const char *text) {
        TableCell *cells = array_grow(t->cells, t->n_cells, &t->capacity, sizeof(*cells));
        char *copy = cells ? strdup(text ? text : "") : NULL;

        if (cells)
                t->cells = cells;
        if (!copy) {
                t->failed = true;
                return;
        }
        t->cells[t->n_cells++] = (TableCell) { .text = copy, .style = style };
}

void table_addf(Table *t, TableStyle style, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0) {
                text = NULL;
                t->failed = true;
        }
        va_end(ap);
        table_add(t, style, text);
}

/* Columns a character takes: East Asian wide ones and emoji two, combining ones none. */
static size_t character_width(unsigned code) {
        static const struct {
                unsigned first, last;
                size_t width;
        } ranges[] = {
                { 0x300, 0x36f, 0 },     { 0x200b, 0x200f, 0 },   { 0xfe00, 0xfe0f, 0 },   { 0x1100, 0x115f, 2 },
                { 0x2e80, 0xa4cf, 2 },   { 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },   { 0xfe30, 0xfe6f, 2 },
                { 0xff00, 0xff60, 2 },   { 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1f64f, 2 }, { 0x1f900, 0x1f9ff, 2 },
                { 0x20000, 0x3fffd, 2 },
        };

        for (size_t i = 0; i < ELEMENTSOF(ranges); i++)
                if (code >= ranges[i].first && code <= ranges[i].last)
                        return ranges[i].width;
        return 1;
}

/* The length in bytes and the width of the character at @text; a stray byte is one of each. */
static size_t character_at(const char *text, size_t length, size_t *ret_width) {
        unsigned code = 0;
        size_t n = escape_utf8_character(text, length, &code);

        *ret_width = n == 0 ? 1 : character_width(code);
        return n == 0 ? 1 : n;
}

size_t table_text_width(const char *text) {
        size_t length = strlen(text), width = 0, one;

        for (size_t i = 0; i < length;) {
                i += character_at(text + i, length - i, &one);
                width += one;
        }
        return width;
}

const char *table_style_begin(TableStyle style) {
        static const char *const begin[] = {
                [TABLE_PLAIN] = "",         [TABLE_BOLD] = "\033[1m",    [TABLE_DIM] = "\033[2m",
                [TABLE_RED] = "\033[1;31m", [TABLE_YELLOW] = "\033[33m", [TABLE_GREEN] = "\033[32m",
        };

        return begin[style];
}

const char *table_style_end(void) {
        return "\033[0m";
}

/* Takes columns away, those that can best do without first, until the table is at most @width wide. */
static void widths_fit(const Table *t, size_t *widths, size_t width) {
        size_t total = GAP * (t->n_columns - 1);

        for (size_t c = 0; c < t->n_columns; c++)
                total += widths[c];
        while (total > width) {
                size_t best = SIZE_MAX;

                for (size_t c = 0; c < t->n_columns; c++) {
                        size_t least = t->columns[c].least ? t->columns[c].least : 4;

                        if (t->columns[c].shrink == 0 || widths[c] <= least)
                                continue;
                        if (best == SIZE_MAX || t->columns[c].shrink > t->columns[best].shrink ||
                            (t->columns[c].shrink == t->columns[best].shrink && widths[c] > widths[best]))
                                best = c;
                }
                if (best == SIZE_MAX)
                        return;
                widths[best]--;
                total--;
        }
}

/* Writes @text cut to @width columns, with an ellipsis where something went. */
static void cut_write(FILE *out, const char *text, size_t width, bool keep_end) {
        size_t length = strlen(text), all = table_text_width(text), one, used = 0, i = 0;

        if (all <= width) {
                (void) fputs(text, out);
                return;
        }
        if (keep_end) {
                while (all > width - 1) {
                        i += character_at(text + i, length - i, &one);
                        all -= one;
                }
                (void) fprintf(out, "…%s", text + i);
                return;
        }
        for (size_t n; i < length; i += n, used += one) {
                n = character_at(text + i, length - i, &one);
                if (used + one > width - 1)
                        break;
        }
        (void) fprintf(out, "%.*s…", (int) i, text);
}

/* @blank: what follows on the line is empty. */
static void cell_write(FILE *out, const TableColumn *column, const TableCell *cell, size_t width, bool last, bool blank, bool color) {
        size_t text = table_text_width(cell->text), shown = text > width ? width : text;
        int pad = (int) (width - shown);

        if (column->right)
                (void) fprintf(out, "%*s", pad, "");
        if (color)
                (void) fputs(table_style_begin(cell->style), out);
        cut_write(out, cell->text, width, column->keep_end);
        if (color && cell->style != TABLE_PLAIN)
                (void) fputs(table_style_end(), out);
        if (last)
                (void) fputc('\n', out);
        else if (!blank)
                (void) fprintf(out, "%*s", (column->right ? 0 : pad) + GAP, "");
}

/* Whether the cells of its row behind @i are all empty. */
static bool row_is_blank_after(const Table *t, size_t i) {
        while (++i % t->n_columns != 0)
                if (t->cells[i].text[0])
                        return false;
        return true;
}

int table_write(const Table *t, FILE *out, size_t width, bool color) {
        size_t rows = t->n_columns ? t->n_cells / t->n_columns : 0;
        _cleanup_free_ size_t *widths = calloc(t->n_columns ? t->n_columns : 1, sizeof(*widths));

        if (!widths || t->failed)
                return -ENOMEM;
        for (size_t c = 0; c < t->n_columns; c++) {
                widths[c] = table_text_width(t->columns[c].title);
                for (size_t r = 0; r < rows; r++) {
                        size_t w = table_text_width(t->cells[r * t->n_columns + c].text);

                        if (w > widths[c])
                                widths[c] = w;
                }
        }
        if (width > 0)
                widths_fit(t, widths, width);
        for (size_t c = 0; c < t->n_columns; c++) {
                const TableCell title = { .text = t->columns[c].title, .style = TABLE_DIM };

                cell_write(out, &t->columns[c], &title, widths[c], c + 1 == t->n_columns, /* blank= */ false, color);
        }
        for (size_t i = 0; i < rows * t->n_columns; i++)
                cell_write(out, &t->columns[i % t->n_columns], &t->cells[i], widths[i % t->n_columns],
                           (i + 1) % t->n_columns == 0, row_is_blank_after(t, i), color);
        return 0;
}
