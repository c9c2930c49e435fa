#include "supervisor/text/mountinfo.h"

#include <errno.h>
#include <string.h>

static bool octal(char c) {
        return c >= '0' && c <= '7';
}

/* Copies one word, resolving \ooo. Returns false where it does not fit. */
static bool copy_word(char *ret, size_t size, const char *word, size_t length) {
        size_t n = 0;

        for (size_t i = 0; i < length; i++) {
                char c = word[i];

                if (c == '\\' && length - i > 3 && octal(word[i + 1]) && octal(word[i + 2]) && octal(word[i + 3])) {
                        c = (char) ((word[i + 1] - '0') * 64 + (word[i + 2] - '0') * 8 + (word[i + 3] - '0'));
                        i += 3;
                }
                if (n + 1 >= size)
                        return false;
                ret[n++] = c;
        }
        ret[n] = '\0';
        return true;
}

/* The next word between spaces; false at the end of the line. */
static bool next_word(const char **at, const char *end, const char **ret, size_t *ret_length) {
        while (*at < end && **at == ' ')
                (*at)++;
        *ret = *at;
        while (*at < end && **at != ' ')
                (*at)++;
        *ret_length = (size_t) (*at - *ret);
        return *ret_length > 0;
}

int mountinfo_parse(MountLine *ret, const char *line, size_t length) {
        const char *at = line, *end = line + length, *word;
        char mount_options[256];
        size_t n;

        /* 36 35 98:0 /root /where rw,noatime master:1 - type source options */
        for (int i = 0; i < 3; i++)
                if (!next_word(&at, end, &word, &n))
                        return -EINVAL;
        if (!next_word(&at, end, &word, &n) || !copy_word(ret->root, sizeof(ret->root), word, n) ||
            !next_word(&at, end, &word, &n) || !copy_word(ret->where, sizeof(ret->where), word, n) ||
            !next_word(&at, end, &word, &n) || !copy_word(mount_options, sizeof(mount_options), word, n))
                return -EINVAL;
        do
                if (!next_word(&at, end, &word, &n))
                        return -EINVAL;
        while (n != 1 || *word != '-');
        if (!next_word(&at, end, &word, &n) || !copy_word(ret->type, sizeof(ret->type), word, n) ||
            !next_word(&at, end, &word, &n) ||  /* the source, any text */
            !next_word(&at, end, &word, &n) || !copy_word(ret->options, sizeof(ret->options), word, n))
                return -EINVAL;
        ret->read_only = mount_option(mount_options, "ro") || mount_option(ret->options, "ro");
        return 0;
}

bool mount_option(const char *options, const char *word) {
        size_t length = strlen(word);

        while (*options) {
                size_t n = strcspn(options, ",");

                if (n == length && memcmp(options, word, n) == 0)
                        return true;
                options += n + (options[n] == ',');
        }
        return false;
}
