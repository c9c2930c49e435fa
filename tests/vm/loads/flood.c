/* flood: what an unprivileged user can do to blind a supervisor, as fast as it goes, until it is killed or SECONDS are over.
 *
 *   flood [--uid N] [--cgroup DIR] SECONDS WHAT...
 *     kill     SIGKILL to an own zombie
 *     fork     fork and exit
 *     mkdir    mkdir and rmdir below --cgroup DIR (which must belong to the user)
 *     pidns    a pid namespace that dies with a child in it (needs user namespaces)
 *
 * One process for each WHAT. Prints "WHAT rounds" for each. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static unsigned long round_kill(const char *dir) {
        (void) dir;
        static pid_t zombie;
        if (zombie == 0) {
                zombie = fork();
                if (zombie == 0)
                        _exit(0);
                waitid(P_PID, (id_t) zombie, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
        }
        for (int n = 0; n < 1000; n++)
                kill(zombie, SIGKILL);
        return 1000;
}

static unsigned long round_fork(const char *dir) {
        (void) dir;
        pid_t pid = fork();
        if (pid == 0)
                _exit(0);
        waitpid(pid, NULL, 0);
        return 1;
}

static unsigned long round_mkdir(const char *dir) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/flood", dir ? dir : "/nonexistent");
        if (mkdir(path, 0755) < 0) {
                fprintf(stderr, "flood: %s: %s\n", path, strerror(errno));
                _exit(1);
        }
        rmdir(path);
        return 1;
}

static unsigned long round_pidns(const char *dir) {
        (void) dir;
        pid_t pid = fork();
        if (pid == 0) {
                if (unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
                        _exit(1);
                pid_t init = fork();
                if (init == 0) {
                        if (fork() == 0)
                                for (;;)
                                        pause();
                        _exit(0);
                }
                waitpid(init, NULL, 0);
                _exit(0);
        }
        waitpid(pid, NULL, 0);
        return 1;
}

static const struct {
        const char *name;
        unsigned long (*round)(const char *dir);
} whats[] = { { "kill", round_kill }, { "fork", round_fork }, { "mkdir", round_mkdir }, { "pidns", round_pidns } };

int main(int argc, char **argv) {
        const char *dir = NULL;
        uid_t uid = 65534;
        double seconds = -1;
        for (int i = 1; i < argc; i++) {
                if (!strcmp(argv[i], "--uid"))
                        uid = (uid_t) atol(argv[++i]);
                else if (!strcmp(argv[i], "--cgroup")) {
                        char path[4096];
                        dir = argv[++i];
                        snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
                        int fd = open(path, O_WRONLY | O_CLOEXEC);
                        if (fd >= 0 && write(fd, "0", 1) < 0)
                                perror("flood: enter");
                } else if (seconds < 0) {
                        seconds = atof(argv[i]);
                        if (setgid(uid) < 0 || setuid(uid) < 0)
                                return 1;
                } else
                        for (size_t w = 0; w < sizeof(whats) / sizeof(*whats); w++)
                                if (!strcmp(argv[i], whats[w].name) && fork() == 0) {
                                        unsigned long rounds = 0;
                                        for (double end = now() + seconds; now() < end;)
                                                rounds += whats[w].round(dir);
                                        printf("%s %lu\n", whats[w].name, rounds);
                                        return 0;
                                }
        }
        while (wait(NULL) > 0 || errno == EINTR)
                ;
        return 0;
}
