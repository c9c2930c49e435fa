#include "supervisor/text/wrap.h"

#include <string.h>

/* The columns of the @length bytes at @text. */
static size_t bytes_width(const char *text, size_t length) {
        size_t width = 0;

        /* Words come from escaped text: what is not ASCII is rare, and one column a character is near enough here. */
        for (size_t i = 0; i < length; i++)
                if (((unsigned char) text[i] & 0xc0) != 0x80)
                        width++;
        return width;
}

static void line_wrap(FILE *out, const char *line, size_t length, size_t width) {
        size_t indent = length > 2 && memcmp(line, "- ", 2) == 0 ? 2 : 0, column = 0;

        for (size_t i = 0; i < length;) {
                while (i < length && line[i] == ' ')
                        i++;

                const char *end = memchr(line + i, ' ', length - i);
                size_t word = end ? (size_t) (end - (line + i)) : length - i, w = bytes_width(line + i, word);

                if (column > 0 && column + 1 + w > width) {
                        (void) fprintf(out, "\n%*s", (int) indent, "");
                        column = indent;
                } else if (column > 0) {
                        (void) fputc(' ', out);
                        column++;
                }
                (void) fwrite(line + i, 1, word, out);
                column += w;
                i += word;
        }
        (void) fputc('\n', out);
}

void wrap_write(FILE *out, const char *text, size_t width) {
        while (*text) {
                size_t length = strcspn(text, "\n");

                if (width == 0 || (length >= 2 && memcmp(text, "  ", 2) == 0))
                        (void) fprintf(out, "%.*s\n", (int) length, text);
                else
                        line_wrap(out, text, length, width);
                text += length;
                if (*text == '\n')
                        text++;
        }
}
