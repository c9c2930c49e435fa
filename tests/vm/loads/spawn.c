/* spawn: starts a command inside a cgroup from its first instruction on (CLONE_INTO_CGROUP), so that nothing of it is charged elsewhere.
 *
 *   spawn [--uid N] [--adj N] [--wait] CGROUP_DIR COMMAND [ARGUMENTS]
 *
 * Prints the pid. oom_score_adj is 0 unless --adj says otherwise (the caller's may be -1000). With --wait it stays and
 * prints "exit N" or "signal N" at the command's end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
        long uid = -1;
        const char *adj = "0";
        int wait_for = 0, i = 1;
        for (; i < argc && argv[i][0] == '-'; i++) {
                if (!strcmp(argv[i], "--uid"))
                        uid = atol(argv[++i]);
                else if (!strcmp(argv[i], "--adj"))
                        adj = argv[++i];
                else if (!strcmp(argv[i], "--wait"))
                        wait_for = 1;
        }
        if (argc - i < 2) {
                fprintf(stderr, "usage: spawn [--uid N] [--adj N] [--wait] CGROUP_DIR COMMAND...\n");
                return 2;
        }
        int dir = open(argv[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0) {
                fprintf(stderr, "spawn: %s: %s\n", argv[i], strerror(errno));
                return 1;
        }
        struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t) dir };
        pid_t pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0) {
                fprintf(stderr, "spawn: clone3 into %s: %s\n", argv[i], strerror(errno));
                return 1;
        }
        if (pid == 0) {
                int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
                if (fd < 0 || write(fd, adj, strlen(adj)) < 0)
                        perror("spawn: oom_score_adj");
                if (uid >= 0 && (setgid((gid_t) uid) < 0 || setuid((uid_t) uid) < 0))
                        _exit(126);
                /* The caller reads our stdout for the pid: the command must not hold it open. */
                if (!wait_for && dup2(2, 1) < 0)
                        _exit(126);
                execvp(argv[i + 1], argv + i + 1);
                _exit(127);
        }
        printf("%d\n", pid);
        fflush(stdout);
        if (!wait_for)
                return 0;
        int status;
        waitpid(pid, &status, 0);
        if (WIFSIGNALED(status))
                printf("signal %d\n", WTERMSIG(status));
        else
                printf("exit %d\n", WEXITSTATUS(status));
        return 0;
}
