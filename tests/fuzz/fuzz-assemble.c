#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/attribute/assemble.h"
#include "supervisor/text/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Sum {
        uint64_t confirmed, kills;
} Sum;

static void see(const Kill *k, void *userdata) {
        static char text[1 << 16];
        static const RecordContext context = { .boot_id = "b", .ledger_id = "l" };
        Strbuf b = STRBUF_INIT(text);
        Sum *sum = userdata;

        assert(k->confirmed > 0 && k->attempts >= k->confirmed);
        assert(k->n_victims <= k->max_victims);
        sum->confirmed += k->confirmed;
        sum->kills++;
        (void) record_kill(&b, &context, k);
}

static void see_sigkill(const Sigkill *s, void *userdata) {
        (void) userdata;
        assert(memchr(s->comm, 0, sizeof(s->comm)));
}

/* Six bytes make one piece of evidence. Whatever the order: nothing is lost, nothing counted twice. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const names[] = { "", "a", NULL, "b/c", "\xff\n" };
        AssembleOptions o = { .max_open = 2, .max_victims = 3, .path_bytes = 16 };
        void *memory = malloc(assemble_size(&o));
        Assembler *a = assemble_init(memory, &o);
        Sum sum = { 0 };
        AssembleSink sink = { .kill = see, .sigkill = see_sigkill, .userdata = &sum };
        const AssembleStats *stats = assemble_stats(a);
        uint64_t now = 0;

        for (; size >= 6; data += 6, size -= 6) {
                Evidence e = { .kind = (EvidenceKind) (data[0] % 7), .pid = data[1] % 4, .time_nsec = now += data[2] * UINT64_C(1000000), .comm = names[data[1] % 5] };

                switch (e.kind) {
                case EVIDENCE_OOM:
                        e.oom.domain = (EvidenceDomain) { .present = data[3] & 1, .id = data[3] >> 1, .usage_pages = UINT64_MAX / (data[4] + 1u), .max_pages = data[4],
                                                          .counters_plausible = data[4] & 1 };
                        e.oom.order = (int32_t) data[5] - 1;
                        e.oom.gfp = 0xcc0;
                        break;
                case EVIDENCE_VICTIM:
                        e.victim.tgid = e.victim.tid = data[3] % 8;
                        e.victim.start_nsec = data[4] & 1;
                        e.victim.level = data[5] % 30;
                        e.victim.cgroup_id = data[4];
                        e.victim.mm_present = data[4] & 2;
                        for (uint32_t i = 0; i < EVIDENCE_ANCESTORS_MAX; i++)
                                e.victim.ancestor_ids[i] = i <= e.victim.level ? i + 1u + (data[4] & 1u) : 0;
                        for (uint32_t i = 0; i <= EVIDENCE_LEVELS_MAX; i++)
                                e.victim.names[i] = names[(data[4] + i) % 5];
                        break;
                default:
                        e.signal = (EvidenceSignal) { .signal = 9, .code = data[4], .pid = data[3] % 8, .result = data[5] & 1, .comm = names[data[5] % 5] };
                        break;
                }
                assemble_feed(a, &e, &sink);
                if (data[2] == 255)
                        assemble_expire(a, now, &sink);
        }
        assemble_expire(a, UINT64_MAX, &sink);
        assert(assemble_oldest(a) == UINT64_MAX);
        assert(stats->attempts == stats->confirmed + stats->not_counted);
        assert(sum.confirmed == stats->confirmed && sum.kills == stats->kills);
        free(memory);
        return 0;
}
