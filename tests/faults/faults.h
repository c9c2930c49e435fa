#pragma once
/* Faults: the Nth call that supervisor/host/ makes of the kernel or of a library that talks to it fails. Linked into reeved-faults
 * alone: there the room's archive has its calls renamed (calls.syms), so that nobody else's are counted. Told by the environment:
 *   REEVE_FAULT="N:ERROR"      call N fails with that errno (a name of faults_errors), or "short": reads half of what is there
 *   REEVE_FAULT="N+:ERROR"     ... and all after it
 *   REEVE_FAULT="SITE#N:ERROR" the Nth call made from SITE, as the trace has it: threads go their own ways, and the Nth of all is
 *                              another one each time
 *   REEVE_FAULT_TRACE=FILE     a line for each call, and for each descriptor left open at the end
 *   REEVE_STAGE=DIR            the made-up host below DIR (see stage.h) */
#include <stdbool.h>
#include <stddef.h>

/* Counts a call of @name about @what (a path, "" where there is none), made from @site. Returns the errno it shall fail with,
 * 0: it goes through. */
int faults_due(const char *name, const char *what, const void *site);

/* The same of a read: FAULT_SHORT where it shall give half. */
enum { FAULT_SHORT = -1 };
int faults_due_read(const char *name, const void *site);

/* A descriptor that the room opened. */
void faults_opened(int fd);
