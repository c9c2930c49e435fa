#pragma once
/* The table of processes in an OOM's dump. */
#include "supervisor/text/cursor.h"

/* Whether @c is its head; then @l and @table (which may be NULL) are filled in. */
bool kmsg_table_header(KmsgLine *l, Cursor c, KmsgTable *table);

/* Whether @c is a row under the head that @table was filled by; then @l is filled in. */
bool kmsg_table_row(KmsgLine *l, Cursor c, const KmsgTable *table);
