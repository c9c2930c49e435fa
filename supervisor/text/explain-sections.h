#pragma once
/* The sections of explain, one file each; only explain*.c include this. */
#include "supervisor/text/explain-parts.h"

/* Writes @opening and what the memory object @memory is made of ("480M anonymous, 10M file cache ..."). Returns false where nothing of
 * that is known (nothing was written). */
bool explain_mix(Strbuf *out, const json_t *memory, const char *opening);

/* Whether @c's domain consists of at least a quarter of @key ("shmem_bytes"). */
bool explain_mix_has(const ExplainCase *c, const char *key);

/* The contributor that held most, or NULL. */
const json_t *explain_filler(const ExplainCase *c);

/* Whose limit, how full, and how far the ancestors were from theirs. */
void explain_limit(const ExplainCase *c);

/* Rows of `ancestors`, of a record or of facts; nothing where there are none. @limit_current: what @limit_cgroup's counter said
 * at the kill, which its row shows in place of the later reading; -1: there was no kill. */
void explain_ancestors(Strbuf *out, const json_t *ancestors, const json_t *limit_cgroup, int64_t limit_current);

/* Who filled it and with what. */
void explain_filling(const ExplainCase *c);

/* Who died and why the kernel took them. */
void explain_victims(const ExplainCase *c);

/* What came before, what came after, and how sure this is. */
void explain_history(const ExplainCase *c);

/* What one can do. */
void explain_advice(const ExplainCase *c);

/* A SIGKILL that was no OOM kill, whole. */
void explain_sigkill(const ExplainCase *c);

/* The whole of a verdict's explanation: by which numbers, among whom, and how it went. */
void explain_verdict(const ExplainCase *c);
