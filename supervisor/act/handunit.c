#include "supervisor/act/handunit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "supervisor/act/handprocess.h"
#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"

static const uint64_t PROGRAM_USEC = UINT64_C(60000000);

bool handunit_is(HandWork work) {
        return work == HAND_RESTART || work == HAND_EXEC;
}

static void refused(HandTask *t, const char *why) {
        t->outcome = REEVE_OUTCOME_REFUSED;
        (void) snprintf(t->error, sizeof(t->error), "%s", why);
}

static void ended(HandTask *t, int r, const char *error) {
        t->outcome = r == 0 ? REEVE_OUTCOME_DONE : r == -ETIME ? REEVE_OUTCOME_INEFFECTIVE : REEVE_OUTCOME_FAILED;
        if (r == -ETIME)
                (void) snprintf(t->error, sizeof(t->error), "it is not done yet");
        else if (r < 0)
                (void) snprintf(t->error, sizeof(t->error), "%s", error);
}

static bool is_service(const char *unit) {
        const char *dot = strrchr(unit, '.');

        return dot && strcmp(dot, ".service") == 0;
}

static void restart(Systemd *systemd, const Cgroupfs *fs, HandTask *t) {
        _cleanup_close_ int dirfd = cgroupfs_open_sure(fs, t->cgroup_id, t->path);
        int64_t before = -1, after = 0;
        SystemdUnit unit;
        char path[4096], error[HAND_ERROR_SIZE] = "";
        int r = dirfd < 0 ? dirfd : cgroupfs_path(fs, dirfd, path, sizeof(path));

        if (r < 0) {
                handprocess_failed(t, r, "it");
                return;
        }
        r = systemd_unit_of(systemd, path, &unit, error, sizeof(error));
        if (r < 0 || !unit.exact || !is_service(unit.name)) {
                refused(t, r == -EUNATCH ? "systemd does not answer" : "it is no service of systemd's");
                return;
        }
        (void) cgroupfs_read_number(dirfd, "memory.current", &before);
        ended(t, systemd_restart_unit(systemd, unit.name, t->wait_usec, error, sizeof(error)), error);
        /* The cgroup before went with its processes. */
        (void) cgroupfs_read_number(dirfd, "memory.current", &after);
        t->freed_bytes = before < 0 ? -1 : before > after ? before - after : 0;
}

/* The text in memory, as a file to be read from its beginning. */
static int text_file(const char *text) {
        _cleanup_close_ int fd = memfd_create("record", MFD_CLOEXEC);
        size_t length = strlen(text);

        if (fd < 0)
                return -errno;
        if (write(fd, text, length) != (ssize_t) length || write(fd, "\n", 1) != 1 || lseek(fd, 0, SEEK_SET) < 0)
                return -EIO;
        return fd_steal(&fd);
}

static void call_program(HandUnit *u, HandTask *t) {
        _cleanup_close_ int fd = text_file(t->text);
        char unit[64], error[HAND_ERROR_SIZE] = "";
        SystemdProgram program = { .unit = unit, .path = t->path, .description = "Called by a rule of Reeve", .stdin_fd = fd,
                                   .most_usec = PROGRAM_USEC, .cookie = t->of_seq, .about = t->cgroup_id };

        if (fd < 0) {
                handprocess_failed(t, fd, "the record");
                return;
        }
        (void) snprintf(unit, sizeof(unit), "reeve-exec-%" PRIu64 "-%" PRIu64 ".service", t->of_seq, clock_boottime_nsec());
        ended(t, systemd_programs_start(u->programs, &program, t->wait_usec, error, sizeof(error)), error);
}

static int ready(HandUnit *u, bool user) {
        int r = u->systemd ? 0 : systemd_open(&u->systemd, user);

        return r < 0 || u->programs ? r : systemd_programs_new(&u->programs, u->systemd);
}

void handunit_do(HandUnit *u, const Cgroupfs *fs, HandTask *t) {
        uint64_t began = clock_boottime_nsec();

        t->freed_bytes = -1;
        t->n_pids = 0;
        t->error[0] = '\0';
        t->lacking = false;
        if (ready(u, t->user) < 0)
                refused(t, "there is no systemd to do it");
        else if (t->work == HAND_RESTART)
                restart(u->systemd, fs, t);
        else
                call_program(u, t);
        t->took_usec = (clock_boottime_nsec() - began) / 1000;
}

void handunit_done(HandUnit *u) {
        u->programs = systemd_programs_free(u->programs);
        u->systemd = systemd_close(u->systemd);
}

int handunit_poll(const HandUnit *u, struct pollfd *ret) {
        return systemd_programs_poll(u->programs, ret);
}

bool handunit_ended(HandUnit *u, HandTask *ret) {
        SystemdEnded e;

        if (!systemd_programs_take(u->programs, &e))
                return false;
        *ret = (HandTask) { .work = HAND_ENDED, .of_seq = e.cookie, .cgroup_id = e.about, .exit_status = e.exit_status,
                            .exit_signal = e.signal, .ran_usec = e.ran_usec };
        memcpy(ret->unit_result, e.result, sizeof(e.result));
        return true;
}
