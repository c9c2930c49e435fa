#pragma once
/* What a JVM may take for its heap, by its command line. Options in its environment (JAVA_TOOL_OPTIONS) are not seen there. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a JVM takes of the memory that it sees where nothing is said. */
#define JVM_DEFAULT_PERMYRIAD 2500

typedef struct JvmOptions {
        int64_t xmx_bytes;              /* -Xmx, -XX:MaxHeapSize=; -1: not given */
        int32_t max_ram_permyriad;      /* -XX:MaxRAMPercentage=; -1: not given */
        int64_t max_ram_bytes;          /* -XX:MaxRAM=: it sees no more; -1: not given */
} JvmOptions;

/* Takes the command line of a process apart, arguments of which are parted by NULs or blanks. Of an option given twice the last
 * counts, as for the JVM. Returns whether it is a JVM's at all: its program is named java. */
bool jvmoptions_parse(JvmOptions *ret, const char *cmdline, size_t length);

/* The greatest heap in a cgroup (or on a host) with @available_bytes. */
int64_t jvmoptions_heap(const JvmOptions *o, int64_t available_bytes);
