#pragma once
/* Paragraphs to lines. */
#include <stddef.h>
#include <stdio.h>

/* Writes @text to @out with lines of at most @width columns (0: as they are), broken at blanks. Lines that begin with two
 * spaces stay whole; those that begin with "- " are indented under their text. Ends in a newline. */
void wrap_write(FILE *out, const char *text, size_t width);
