#pragma once
/* The journal, to write to. */
#include <stdbool.h>
#include <sys/uio.h>

/* Whether there is a journal to write to now: without its socket sd_journal_sendv() drops messages and says nothing. */
bool journal_present(void);

/* Sends one entry of "NAME=value" fields; values may hold any bytes. Blocks while journald does not read (its queue holds
 * 512 messages at most). Returns 0 or -errno. */
int journal_send(const struct iovec *fields, int n);
