#pragma once
/* Lines of a file in systemd's dialect, as libini_config reads them, each with its number. Private to the parser. */
#include "supervisor/text/config.h"

/* The section of lines below a header that could not be read (and was complained of). */
#define INI_BROKEN_SECTION "]"

/* One "key=value", or (with @key NULL) the header "[section]" alone. Texts live as long as the IniLines. */
typedef struct IniLine {
        const char *section, *key, *value;
        unsigned line;
} IniLine;                               /* @section is NULL before the first header */

typedef struct IniLines {
        IniLine *lines;                  /* in the order of the file */
        size_t count;
        char *text;                      /* what section and key point into */
        char **values;                   /* what value points to, @count of them or NULL */
} IniLines;

/* Reads @file. What is no line of the dialect becomes an error in @reterr; the rest still comes. Returns 0 or -ENOMEM. */
int ini_read(const ConfigFile *file, IniLines *ret, Complaints *reterr);

/* Frees what @l holds. */
void ini_done(IniLines *l);
