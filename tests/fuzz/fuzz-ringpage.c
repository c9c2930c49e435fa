/* A ring page of any content: walked and decoded within its bounds, or refused. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/host/pagestore.h"
#include "supervisor/host/ringevent.h"
#include "supervisor/host/ringpage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELD(type, name, offset, size) "\tfield:" type " " name ";\toffset:" offset ";\tsize:" size ";\tsigned:0;\n"
#define COMMON                                                                                                    \
        "format:\n" FIELD("unsigned short", "common_type", "0", "2") FIELD("unsigned char", "common_flags", "2", "1") \
                FIELD("unsigned char", "common_preempt_count", "3", "1") FIELD("int", "common_pid", "4", "4") "\n"

static const char formats[] =
        "name: victim_x\nID: 1\n" COMMON FIELD("s32", "pid", "8", "4") FIELD("__data_loc char[]", "comm", "12", "4")
        FIELD("u64", "mm", "16", "8") FIELD("s32", "level", "24", "4") FIELD("__data_loc char[]", "n1", "28", "4")
        FIELD("__data_loc char[]", "u0", "32", "4") FIELD("u64", "i0", "36", "8") "\nprint fmt: \"\"\n"
        "name: kill_x\nID: 2\n" COMMON FIELD("u64", "memcg", "8", "8") FIELD("__data_loc char[]", "message", "16", "4")
        "\nprint fmt: \"\"\n"
        "name: cgroup_mkdir\nID: 3\n" COMMON FIELD("u64", "id", "8", "8") FIELD("__data_loc char[]", "path", "16", "4")
        "\nprint fmt: \"\"\n"
        "name: signal_generate\nID: 4\n" COMMON FIELD("int", "sig", "8", "4") FIELD("char", "comm[16]", "12", "16")
        "\nprint fmt: \"\"\n";

static volatile size_t sink;

static void touch(const char *s) {
        if (s)
                sink += strlen(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static RingFormats *f;
        static RingCursor *c;
        uint8_t *page;
        size_t length = size > PAGE_BYTES ? PAGE_BYTES : size;

        if (!f && (ringformats_new(&f, formats, sizeof(formats) - 1) < 0 || ringcursor_new(&c) < 0))
                abort();
        page = calloc(1, PAGE_BYTES);
        memcpy(page, data, length);
        for (int r = ringcursor_load(c, page, PAGE_BYTES); r > 0; r = ringcursor_next(c)) {
                Evidence e;
                RingSelf self;
                size_t n;
                uint64_t nsec;
                const void *event = ringcursor_event(c, &n, &nsec);

                switch (ringevent_decode(f, event, n, &e, &self)) {
                case EVIDENCE_VICTIM:
                        touch(e.victim.comm);
                        for (int i = 0; i <= EVIDENCE_LEVELS_MAX; i++)
                                touch(e.victim.names[i]);
                        break;
                case EVIDENCE_OOM:
                        touch(e.oom.message);
                        break;
                case EVIDENCE_MKDIR:
                        touch(e.churn.path);
                        break;
                case EVIDENCE_SIGNAL:
                        touch(e.signal.comm);
                        break;
                default:
                        break;
                }
        }
        free(page);
        return 0;
}
