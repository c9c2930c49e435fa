#pragma once
/* Hexadecimal digits. */

/* The value of @c, lower case only; -1 where it is no digit. */
static inline int hex_digit_lower(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The same in either case. */
static inline int hex_digit(char c) {
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : hex_digit_lower(c);
}
