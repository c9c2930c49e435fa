#include "supervisor/text/escape.h"

#include <errno.h>
#include <string.h>

#include "policies/hex.h"

size_t escape_utf8_character(const char *data, size_t length, unsigned *ret_code) {
        const unsigned char *s = (const unsigned char *) data;
        size_t n;
        unsigned code, least;

        if (length == 0)
                return 0;
        if (s[0] < 0x80) {
                *ret_code = s[0];
                return 1;
        }
        if (s[0] >= 0xc2 && s[0] <= 0xdf)
                n = 2, code = s[0] & 0x1fu, least = 0x80;
        else if ((s[0] & 0xf0) == 0xe0)
                n = 3, code = s[0] & 0x0fu, least = 0x800;
        else if (s[0] >= 0xf0 && s[0] <= 0xf4)
                n = 4, code = s[0] & 0x07u, least = 0x10000;
        else
                return 0;
        if (n > length)
                return 0;
        for (size_t i = 1; i < n; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (s[i] & 0x3fu);
        }
        if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                return 0;
        *ret_code = code;
        return n;
}

/* Reorders or breaks lines on a terminal without being a control character. */
static bool misleads(unsigned code) {
        return code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
               (code >= 0x2066 && code <= 0x2069);
}

static bool is_control(unsigned code) {
        return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

static bool fits(Strbuf *out, size_t n) {
        if (out->size > out->length && out->size - out->length - 1 >= n)
                return true;
        out->truncated = true;
        return false;
}

static bool put_hex(Strbuf *out, const char *data, size_t n) {
        static const char digits[] = "0123456789abcdef";

        if (!fits(out, 4 * n))
                return false;
        for (size_t i = 0; i < n; i++) {
                unsigned char c = (unsigned char) data[i];
                char hex[4] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

                strbuf_append(out, hex, sizeof(hex));
        }
        return true;
}

static void escape(Strbuf *out, const char *data, size_t length, bool terminal, bool keep_backslash) {
        /* Also of nothing a text is made. */
        strbuf_append(out, "", 0);
        for (size_t i = 0; i < length;) {
                unsigned code = 0;
                size_t n = escape_utf8_character(data + i, length - i, &code);
                bool plain = n > 0 && !is_control(code) && (code != '\\' || keep_backslash) && !(terminal && misleads(code));

                if (n == 0)
                        n = 1;
                if (plain) {
                        if (!fits(out, n))
                                return;
                        strbuf_append(out, data + i, n);
                } else if (!put_hex(out, data + i, n))
                        return;
                i += n;
        }
}

void escape_bytes(Strbuf *out, const char *data, size_t length) {
        escape(out, data, length, /* terminal= */ false, /* keep_backslash= */ false);
}

void escape_text(Strbuf *out, const char *s) {
        escape_bytes(out, s, strlen(s));
}

void escape_terminal(Strbuf *out, const char *data, size_t length, bool escaped) {
        escape(out, data, length, /* terminal= */ true, /* keep_backslash= */ escaped);
}

int escape_undo(char *out, size_t size, const char *s, size_t *ret_length) {
        size_t n = 0;
        int r = size > 0 ? 0 : -ENOBUFS;

        while (*s && r == 0) {
                char c = *s;
                size_t step = 1;

                if (s[0] == '\\' && s[1] == 'x' && hex_digit(s[2]) >= 0 && hex_digit(s[3]) >= 0) {
                        c = (char) (hex_digit(s[2]) << 4 | hex_digit(s[3]));
                        step = 4;
                }
                if (n + 1 >= size) {
                        r = -ENOBUFS;
                        break;
                }
                out[n++] = c;
                s += step;
        }
        if (size > 0)
                out[n] = '\0';
        if (ret_length)
                *ret_length = n;
        return r;
}
