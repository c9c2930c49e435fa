/* The store: spool, ledger's clerk, journal's crier and the emitter that feeds them. */
#include "supervisor/flow/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "supervisor/flow/history.h"
#include "supervisor/flow/late.h"
#include "supervisor/flow/whose.h"
#include "supervisor/host/proc.h"

static int fail(char *reterr, size_t size, const char *what, int error) {
        (void) snprintf(reterr, size, "%s: %s", what, strerror(-error));
        return error;
}

void store_set_clock(Supervisor *s) {
        s->emit.context.realtime_offset_usec = clock_offset_nsec() / 1000;
}

static int on_clerk(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) fd, (void) revents;
        clerk_dispatch(s->clerk);
        /* Who waited for a place among the clerk's questions may have one now. */
        late_pump(s);
        history_take(s);
        if (s->server)
                server_drained(s->server);
        return 0;
}

static void on_committed(uint64_t seq, void *userdata) {
        Supervisor *s = userdata;

        emit_committed(&s->emit, seq);
        if (s->server)
                server_committed(s->server, seq);
}

static void on_trouble(const char *text, bool over, void *userdata) {
        Supervisor *s = userdata;

        if (s->crier)
                (void) crier_say(s->crier, over ? 5 : 3, text);
        (void) sd_notifyf(0, "STATUS=%s%s", over ? "" : "Records wait in the spool: ", text);
}

/* All rings once over, and as much again for what came while their kills waited for the ledger. Slots take memory when they
 * are used first. */
static uint32_t page_slots(const Supervisor *s) {
        enum { LEAST = 256, MOST = 16384 };
        const ConfigReeve *c = &s->config->reeve;
        uint64_t rings = (c->kills_ring_bytes + c->churn_ring_bytes) * (uint64_t) sysconf(_SC_NPROCESSORS_CONF);
        uint64_t slots = 2 * rings / PAGE_BYTES;

        return slots < LEAST ? LEAST : slots > MOST ? MOST : (uint32_t) slots;
}

/* What the ledger had is gone, what follows is not. */
static void on_begun(void *userdata) {
        Supervisor *s = userdata;

        state_say(s, "started", "There was no ledger any more: Reeve goes on with a new one, and reads back what the logs have.", NULL);
        history_read_again(s);
}

int store_open(Supervisor *s, char *reterr, size_t size) {
        SpoolOptions spool = { .boot_id = s->boot_id, .page_slots = page_slots(s), .record_bytes = 4 << 20 };
        char path[1100], note[256] = "", text[512] = "";
        ClerkOptions clerk = {
                .path = path,
                .bounds = { .retention_usec = s->config->reeve.max_retention_usec,
                            .max_bytes = s->config->reeve.max_use_bytes,
                            .keep_records = s->config->reeve.keep_records,
                            .keep_sigkills = s->config->reeve.keep_sigkills },
                .committed = on_committed,
                .trouble = on_trouble,
                .begun = on_begun,
                .userdata = s,
        };
        int r;

        (void) snprintf(path, sizeof(path), "%s/spool", s->options.runtime_directory);
        r = spool_open(&s->spool, path, &spool, note, sizeof(note));
        if (r < 0)
                return fail(reterr, size, path, r);
        clerk.seq_floor = spool_last_seq(s->spool);
        (void) snprintf(path, sizeof(path), "%s/ledger.db", s->options.state_directory);
        r = clerk_new(&s->clerk, &clerk, &s->opening, text, sizeof(text));
        if (r < 0)
                return fail(reterr, size, path, r);
        s->ledger_begun_nsec = s->opening.created ? s->started_nsec : history_unfinished_nsec(s);
        (void) crier_new(&s->crier, &(CrierOptions) { 0 });
        if (s->crier && note[0])
                (void) crier_say(s->crier, 5, note);
        if (s->crier && text[0])
                (void) crier_say(s->crier, 4, text);
        return state_io(s, &s->clerk_io, clerk_fd(s->clerk), EPOLLIN, 5, on_clerk);
}

int store_open_emit(Supervisor *s) {
        int r = emit_init(&s->emit);

        if (r < 0)
                return r;
        s->emit.spool = s->spool;
        s->emit.clerk = s->clerk;
        s->emit.crier = s->crier;
        s->emit.context = (RecordContext) {
                .boot_id = s->boot_id,
                .machine_id = s->machine_id[0] ? s->machine_id : NULL,
                .hostname = s->hostname,
                .ledger_id = clerk_ledger_id(s->clerk),
                .configuration_hash = s->config->hash,
                .command_line = s->config->reeve.record_command_line,
                .sources = { .path = whose_path, .identity = whose_identity, .owner_uid = whose_owner_uid,
                             .process = whose_process, .userdata = s },
        };
        store_set_clock(s);
        emit_replay(&s->emit);
        return 0;
}
