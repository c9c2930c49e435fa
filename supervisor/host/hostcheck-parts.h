#pragma once
/* The parts of hostcheck, one file each. */
#include "supervisor/host/hostcheck-look.h"

/* How kills can be caught here: kernel, PSI, BTF, tracefs, kprobes, lockdown, kernel log. */
void look_at_capture(Look *l);

/* What the kernel does when memory runs out: panic, overcommit, swap, watermarks. */
void look_at_memory(Look *l);

/* Who else acts: systemd, other managers of memory, delegation. */
void look_at_others(Look *l);
