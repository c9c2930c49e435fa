/* The parsers of kernel files on any bytes, without a NUL behind them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/text/kernfile.h"
#include "supervisor/text/mountinfo.h"
#include "supervisor/text/procfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static MountLine mount;
        char *text = malloc(size ? size : 1);   /* exactly as long, so that a step too far is seen */
        MemoryEvents events;
        MemoryStat stat;
        MemInfo info;
        SwapsInRam swaps;
        Pressure pressure;
        CgroupEvents cgroup;
        ProcStat proc_stat;
        ProcStatus status;
        ProcCgroup where;
        int64_t number;

        memcpy(text, data, size);
        (void) kernfile_number(text, size, &number);
        (void) kernfile_key(text, size, "oom_kill");
        (void) kernfile_has_word(text, size, "memory");
        memory_events_parse(&events, text, size);
        memory_stat_parse(&stat, text, size);
        (void) memory_stat_unreclaimable(&stat);
        meminfo_parse(&info, text, size);
        swaps_parse(&swaps, text, size);
        pressure_parse(&pressure, text, size);
        cgroup_events_parse(&cgroup, text, size);
        if (proc_stat_parse(&proc_stat, text, size) == 0 && strlen(proc_stat.comm) >= sizeof(proc_stat.comm))
                abort();
        (void) proc_status_parse(&status, text, size);
        if (proc_cgroup_parse(&where, text, size) == 0 && (where.path < text || where.path + where.length > text + size))
                abort();
        if (mountinfo_parse(&mount, text, size) == 0)
                (void) mount_option(mount.options, "memory");
        free(text);
        return 0;
}
