#pragma once
/* The text of the probe definitions, as written to kprobe_events, and the names they bear. Pure: Layout in, text out. */
#include <stdint.h>

#include "supervisor/base/strbuf.h"
#include "supervisor/host/layout.h"

enum { PROBE_LINE_MAX = 4094 };         /* kprobe_events takes no longer line */
enum { PROBE_ARGUMENT_MAX = 63 };       /* nor a longer argument */
enum { PROBE_NAME_SIZE = 64 };

typedef enum ProbeKind {
        PROBE_KILL,             /* oom_kill_process(): one OOM */
        PROBE_VICTIM,           /* __oom_kill_process(): one attempt */
        PROBE_DONE,             /* return of oom_kill_process() */
        PROBE_GROUP,            /* mem_cgroup_print_oom_group(): which cgroup's memory.oom.group widened the kill; optional */
        PROBE_SELF,             /* proc_cgroup_show(): the self-test */
        PROBE_KINDS,
} ProbeKind;

/* "kill", "victim", "done", "group", "self". */
const char *probe_name(ProbeKind kind);

/* The kernel function it sits on. */
const char *probe_symbol(ProbeKind kind);

/* Appends the definition of @kind: "p:GROUP/NAME symbol arguments". A line too long shows as @out->truncated. */
void probe_define(Strbuf *out, ProbeKind kind, const Layout *l, const char *group, const char *name);

/* Hash of all that shapes what is recorded: definitions, filters. Two binaries with one generation share rings. */
uint32_t probe_generation(const Layout *l);

/* 32 bits of FNV-1a over the text @s, for names. */
uint32_t probe_hash(const char *s);

/* Filters of the two instances. */
extern const char probe_filter_kernel_sigkill[];
extern const char probe_filter_signal[];
extern const char probe_filter_cgroup[];
