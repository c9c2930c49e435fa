#pragma once
/* The files of /proc/PID, as structs. Pure and bounded as kernfile.h. Names in them are bytes a user chose. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A process id as people write it, in digits only; 0 where @word is none. */
int32_t proc_pid_parse(const char *word);

/* /proc/PID/stat. The name may hold parentheses, spaces and newlines: it ends at the last ')'. */
typedef struct ProcStat {
        int32_t pid, ppid;
        char comm[64];
        char state;                     /* R S D Z X ... */
        uint64_t start_ticks;           /* since boot, in ticks of sysconf(_SC_CLK_TCK) */
} ProcStat;
int proc_stat_parse(ProcStat *ret, const char *text, size_t length);

/* /proc/PID/status. Bytes; -1 where the line is missing (a zombie has no memory). */
typedef struct ProcStatus {
        int64_t uid;                    /* the real one */
        int32_t tgid, ppid;             /* -1: not known */
        int32_t ns_pid;                 /* the innermost of NSpid; -1: not known */
        int64_t anon_bytes, file_bytes, shmem_bytes, swap_bytes, page_table_bytes;
        bool kernel_thread;             /* no VmSize and not a zombie */
        char state;
} ProcStatus;
int proc_status_parse(ProcStatus *ret, const char *text, size_t length);

/* The v2 line of /proc/PID/cgroup. */
typedef struct ProcCgroup {
        const char *path;               /* into the text; not NUL-terminated; begins with '/' */
        size_t length;                  /* without " (deleted)" */
        bool deleted;                   /* the cgroup was removed; a directory may really be called so: then this errs to true */
        bool outside;                   /* begins with /..: lies outside the reader's cgroup namespace */
} ProcCgroup;

/* Returns 0, -ENOENT without a "0::" line. */
int proc_cgroup_parse(ProcCgroup *ret, const char *text, size_t length);
