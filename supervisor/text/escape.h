#pragma once
/* Names that users gave (comm, cmdline, paths) are bytes. Written anywhere they become text in one form, that of
 * /dev/kmsg: what is below 0x20, 0x7f, the backslash, C1 controls (U+0080 to U+009F) and every byte that is not valid
 * UTF-8 becomes \xNN, lower case. What is left is valid UTF-8 of one line, and the bytes can be had back exactly. */
#include <stdbool.h>
#include <stddef.h>

#include "supervisor/base/strbuf.h"

/* Appends @length bytes of @data to @out in the form above. An escape or character that does not fit is left out whole
 * (out->truncated says so), as is all after it. */
void escape_bytes(Strbuf *out, const char *data, size_t length);

/* As escape_bytes(), of the text @s up to its NUL. */
void escape_text(Strbuf *out, const char *s);

/* For terminals: as escape_bytes(), and bidirectional controls (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
 * U+2069) and line and paragraph separators (U+2028, U+2029) become \xNN too. With @escaped the data already has the
 * form above (a string of a record): its backslashes stay as they are. */
void escape_terminal(Strbuf *out, const char *data, size_t length, bool escaped);

/* Takes \xNN (either case) back: for arguments in which a person typed a name as a record shows it. systemd has names
 * with a backslash of their own (dev-disk-by\x2dlabel.swap), so a name is looked for as it was typed first, undone next.
 * Writes at most @size bytes, a NUL included, sets *@ret_length (NULs may be inside) where it is not NULL. A backslash
 * that starts no \xNN stays as it is. Returns 0, or -ENOBUFS: did not fit, @out holds what did. */
int escape_undo(char *out, size_t size, const char *s, size_t *ret_length);

/* How many bytes (1 to 4) the valid UTF-8 character at @data has, 0 if there is none; its code point in *@ret_code.
 * Overlong forms, surrogates and what is above U+10FFFF are not valid. */
size_t escape_utf8_character(const char *data, size_t length, unsigned *ret_code);
