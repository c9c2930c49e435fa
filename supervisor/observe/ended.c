#include "supervisor/observe/ended.h"

#include <errno.h>
#include <inttypes.h>

#define SEC UINT64_C(1000000000)

/* An exit is told of some time after it happened (the reader may have waited for memory), never before; where the start is
 * not known the kill's own stamp must do. A pid that was given to another in between had its first owner's exit come first. */
static bool same_process(const EndedVictim *v, const EndedExit *x, uint64_t suspended_nsec) {
        const uint64_t early = SEC, late = 5 * SEC + suspended_nsec;
        uint64_t start = x->seen_nsec > x->runtime_nsec ? x->seen_nsec - x->runtime_nsec : 0;

        if (v->tgid != x->tgid)
                return false;
        if (v->start_nsec)
                return start + early >= v->start_nsec && start <= v->start_nsec + late;
        return x->seen_nsec + 2 * SEC >= v->kill_nsec && x->seen_nsec <= v->kill_nsec + 10 * SEC;
}

static void fill(EndedVictim *v, const EndedExit *x) {
        v->found = true;
        v->runtime_nsec = x->runtime_nsec;
        v->peak_rss_bytes = x->peak_rss_bytes;
}

static bool find_exit(Ended *e, EndedVictim *v, uint64_t suspended_nsec) {
        for (size_t i = 0; i < ENDED_EXITS; i++)
                if (e->exits[i].tgid && same_process(v, &e->exits[i], suspended_nsec)) {
                        fill(v, &e->exits[i]);
                        e->exits[i].tgid = 0;
                        return true;
                }
        return false;
}

bool ended_expect(Ended *e, uint64_t seq, const Kill *kill, uint64_t suspended_nsec) {
        bool found = false;

        for (size_t i = 0; i < kill->n_victims && i < ENDED_VICTIMS / 2; i++) {
                EndedVictim *v = &e->victims[e->next_victim++ % ENDED_VICTIMS];

                *v = (EndedVictim) { .seq = seq, .cgroup_id = kill->victims[0].cgroup.id, .tgid = kill->victims[i].tgid,
                                     .start_nsec = kill->victims[i].start_nsec, .kill_nsec = kill->time_nsec };
                found = find_exit(e, v, suspended_nsec) || found;
        }
        return found;
}

bool ended_take(Ended *e, const EndedExit *exit, uint64_t suspended_nsec) {
        for (size_t i = 0; i < ENDED_VICTIMS; i++) {
                EndedVictim *v = &e->victims[i];

                if (v->seq && !v->found && same_process(v, exit, suspended_nsec)) {
                        fill(v, exit);
                        return true;
                }
        }
        e->exits[e->next_exit++ % ENDED_EXITS] = *exit;
        return false;
}

int ended_tells(const Ended *e, int32_t tgid, uint64_t start_nsec, uint64_t suspended_nsec) {
        const EndedVictim wanted = { .tgid = tgid, .start_nsec = start_nsec };

        for (size_t i = 0; i < ENDED_EXITS; i++)
                if (e->exits[i].tgid && same_process(&wanted, &e->exits[i], suspended_nsec))
                        return 1;
        /* The next to give way is the oldest that is kept: what ended before it is forgotten. */
        return e->next_exit > ENDED_EXITS && start_nsec < e->exits[e->next_exit % ENDED_EXITS].seen_nsec ? -ENODATA : 0;
}

static void write_victim(Strbuf *out, const EndedVictim *v, bool first) {
        strbuf_printf(out, "%s{\"pid\":%d", first ? "" : ",", v->tgid);
        if (v->start_nsec)
                strbuf_printf(out, ",\"start_usec\":%" PRIu64, v->start_nsec / 1000);
        if (v->peak_rss_bytes)
                strbuf_printf(out, ",\"peak_rss_bytes\":%" PRIu64, v->peak_rss_bytes);
        strbuf_printf(out, ",\"runtime_usec\":%" PRIu64 "}", v->runtime_nsec / 1000);
}

bool ended_next(Ended *e, uint64_t *ret_seq, uint64_t *ret_cgroup_id, Strbuf *out) {
        uint64_t seq = 0;

        for (size_t i = 0; i < ENDED_VICTIMS; i++) {
                EndedVictim *v = &e->victims[i];

                if (!v->seq || !v->found || (seq && v->seq != seq))
                        continue;
                strbuf_puts(out, seq ? "" : "{\"victims\":[");
                write_victim(out, v, seq == 0);
                *ret_seq = seq = v->seq;
                *ret_cgroup_id = v->cgroup_id;
                v->seq = 0;
        }
        strbuf_puts(out, seq ? "],\"sources\":[\"taskstats\"]}" : "");
        return seq != 0;
}
