#pragma once
/* A Kill with all it points to, copied into one piece of memory: for those who keep it longer than the callback lasts. */
#include <stddef.h>

#include "supervisor/attribute/kill.h"

/* How many bytes the victims and texts of @k take. */
size_t killcopy_size(const Kill *k);

/* Copies @k to @ret, and what it points to into @room: killcopy_size() bytes, aligned as what malloc() gives. */
void killcopy_into(Kill *ret, void *room, const Kill *k);
