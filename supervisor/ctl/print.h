#pragma once
/* What goes to a terminal or a pipe: names made safe, records as rows, lines or trees. */
#include <jansson.h>
#include <stdio.h>

#include "supervisor/ctl/ctl.h"
#include "supervisor/text/human.h"
#include "supervisor/text/table.h"

enum { PRINT_CELL_SIZE = 1024 };

/* Writes @text of a record or reply to @out, safe for terminals; newlines become \x0a. NULL: nothing. */
void print_name(FILE *out, const char *text);

/* As print_name(), into @cell. Returns @cell. */
const char *print_cell(const char *text, char cell[static PRINT_CELL_SIZE]);

/* Writes @object as one line of JSON (only ASCII where stdout is a terminal). Returns CTL_DONE or CTL_FAILED. */
int print_json(const CtlContext *c, const json_t *object);

/* Starts or ends @style on stdout where there are colours. */
void print_style(const CtlContext *c, TableStyle style);

/* Writes an answer of Explain, wrapped to the terminal. */
void print_explanation(const CtlContext *c, const char *text);

/* Writes what printf() would, wrapped and faint: what to do next. */
void print_hint(const CtlContext *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes @text from column @indent on, wrapped on a terminal that has room for that; ends the line. */
void print_indented(const CtlContext *c, const char *text, size_t indent);

/* Writes @object as an indented tree, sizes and times for people; then the names of what is not known. */
void print_tree(const CtlContext *c, const json_t *object);

/* A moment (since 1970): on a terminal "09:14" or "Tue 09:14", else "2026-11-20 09:14:05". */
const char *print_usec(const CtlContext *c, int64_t usec, char text[static HUMAN_MOMENT_SIZE]);

/* As print_usec(), of an RFC 3339 text; "?" for NULL and what is none. */
const char *print_moment(const CtlContext *c, const char *time, char text[static PRINT_CELL_SIZE]);

/* As print_moment(), of one width in a column: "Nov 20 09:14", "2025-01-31" long ago. */
const char *print_stamp(const CtlContext *c, const char *time, char text[static PRINT_CELL_SIZE]);

/* What an owner calls the cgroup of a record: unit, pod, container or path, made safe. */
const char *print_who(const json_t *record, char cell[static PRINT_CELL_SIZE]);

/* "java[4711]", "java[4711] +2": the victims of a kill or sigkill. */
const char *print_victims(const json_t *record, char cell[static PRINT_CELL_SIZE]);

/* "own limit 512M", "limit of /shop.slice 2G", "host memory", "SIGKILL by bash[1300]". */
const char *print_why(const json_t *record, char cell[static PRINT_CELL_SIZE]);

/* One sentence about a record of any type. */
const char *print_sentence(const json_t *record, char cell[static PRINT_CELL_SIZE]);
