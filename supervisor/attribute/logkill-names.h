#pragma once
/* The names of an oom-kill line: paths and a comm in one text, any of which may hold what separates them. */
#include "supervisor/text/kmsg.h"

/* Splits the names of an oom-kill line into the limit's path (empty for global_oom) and the task's, given the task's
 * comm where it is known (NULL else). Returns 1: exactly one way to read it; 0: more than one, the likeliest is given;
 * -EBADMSG: none. */
int logkill_split(const KmsgSlice *names, const KmsgSlice *comm, KmsgSlice *ret_limit, KmsgSlice *ret_task, KmsgSlice *ret_comm);
