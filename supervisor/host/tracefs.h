#pragma once
/* tracefs by small steps: private instances, probes, files. Texts and errno, no policy. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Tracefs {
        int fd;                 /* the tracing directory */
        char path[256];
} Tracefs;

/* Finds tracefs: @given, or /sys/kernel/tracing, or below debugfs; never mounts it. Returns 0, -ENOENT, -EACCES with the
 * reason. Close with trace_close(). */
int trace_open(Tracefs *ret, const char *given, char *reterr_why, size_t why_size);
void trace_close(Tracefs *t);

/* Writes @text to the file @path below @fd in one write. Returns 0 or -errno. */
int trace_write(int fd, const char *path, const char *text);

/* Appends @line to kprobe_events. Returns 0 or -errno (-ENOENT: no such symbol, -EEXIST, -EBUSY). */
int trace_probe(const Tracefs *t, const char *line);

/* Reads up to @size - 1 bytes of @path and ends them with NUL. Returns the length or -errno. */
int trace_read(int fd, const char *path, char *buffer, size_t size);

/* The same from the start of an open file, for those read again and again. */
int trace_pread(int fd, char *buffer, size_t size);

/* The same of a file that gives all it has at once (switches, filters, statistics; not the kernel's long lists): one
 * system call instead of two, at each watchdog tick. */
int trace_pread_small(int fd, char *buffer, size_t size);

/* Reads a number ("128", "[4]"). Returns 0 or -errno. */
int trace_read_number(int fd, const char *path, uint64_t *ret);

/* Makes instances/@name if there is none. Returns its directory's descriptor or -errno; @ret_made. */
int trace_instance_make(const Tracefs *t, const char *name, bool *ret_made);

/* Opens it. Returns a descriptor, -ENOENT or another -errno. */
int trace_instance_open(const Tracefs *t, const char *name);

/* Removes it. Returns 0 (also if there was none) or -errno (-EBUSY: somebody reads it). */
int trace_instance_remove(const Tracefs *t, const char *name);

/* Calls @found for each instance whose name begins with @prefix. Returns 0 or -errno. */
int trace_instances(const Tracefs *t, const char *prefix, void (*found)(const char *name, void *userdata), void *userdata);

/* Calls @found with group and event of each kprobe event whose group begins with @prefix; later ones first, so that they
 * may be removed as they come. Returns 0 or -errno. */
int trace_probes(const Tracefs *t, const char *prefix, void (*found)(const char *group, const char *event, void *userdata),
                 void *userdata);

/* The kernel's words for its last refusal of a probe; empty if there are none. */
void trace_last_error(const Tracefs *t, char *buffer, size_t size);

/* Does /proc/kallsyms know @symbol, or only renamed clones of it (.isra, .constprop, .part)? Returns 0: by its own name;
 * 1: only clones, the first one's name in @ret_clone; -ENOENT: neither. */
int trace_symbol(const char *symbol, char *ret_clone, size_t clone_size);
