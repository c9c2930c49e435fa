#pragma once
/* The sentence of a record: what happened and why, for someone who has never heard of a cgroup's internals. */
#include "supervisor/text/recordtypes.h"

/* The sentences. @out stays a line of text that needs no more escaping. */
void record_say_kill(Strbuf *out, const RecordContext *c, const Kill *k);
void record_say_sigkill(Strbuf *out, const RecordContext *c, const Sigkill *s, const RecordProcess *sender);
void record_say_limit(Strbuf *out, const RecordContext *c, const RecordLimit *l);
void record_say_gap(Strbuf *out, const RecordGap *g);
void record_say_storm(Strbuf *out, const RecordStorm *s);

/* "GFP_KERNEL|__GFP_COMP", as the kernel's log spells it; bits without a name stay a number. */
void record_say_gfp(Strbuf *out, int64_t gfp);
