/* population: random processes in a limit of their own, one after another, and whom the kernel takes of each.
 *
 *   population DIR COUNT SEED
 *
 * For each: makes a cgroup below DIR with 2 to 8 processes of random size and oom_score_adj, prints "ready DIR/pN" and waits
 * for a line on stdin; then fills what is left by a process that the kernel never takes, until it has killed, and prints
 * "killed PID". Every fifth is a domain below 1000 pages, every fourth has its processes in cgroups of their own. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MEMBERS = 8, KB = 1024, PAGE = 4096 };

static void die(const char *what) {
        fprintf(stderr, "population: %s: %s\n", what, strerror(errno));
        exit(1);
}

static void put(const char *dir, const char *file, const char *text) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", dir, file);
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, text, strlen(text)) < 0)
                die(path);
        close(fd);
}

/* The memory is mapped before, so that nothing but its pages is charged as it is touched. */
static pid_t start(const char *dir, long kb, int adj, int report) {
        int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t) fd };
        pid_t pid = fd < 0 ? -1 : (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0)
                die("clone3");
        if (pid > 0) {
                close(fd);
                return pid;
        }
        char text[16];
        snprintf(text, sizeof(text), "%d", adj);
        put("/proc/self", "oom_score_adj", text);
        char *p = mmap(NULL, (size_t) kb * KB + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
                _exit(3);
        madvise(p, (size_t) kb * KB + PAGE, MADV_NOHUGEPAGE);
        for (long at = 0; at < kb * KB; at += PAGE)
                p[at] = 1;
        (void) !write(report, "x", 1);
        for (;;)
                pause();
}

/* Counts of memory.events by name. */
static long event(int fd, const char *key) {
        char text[512], *at;
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        if (n < 0)
                die("memory.events");
        text[n] = 0;
        at = strstr(text, key);
        return at ? atol(at + strlen(key)) : 0;
}

/* Ends with the first kill. */
static void fill(const char *dir, const char *leaf) {
        char path[512];
        snprintf(path, sizeof(path), "%s/memory.events", dir);
        int events = open(path, O_RDONLY | O_CLOEXEC), into = open(leaf, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t) into };
        pid_t pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0 || events < 0)
                die("clone3");
        if (pid == 0) {
                put("/proc/self", "oom_score_adj", "-1000");
                alarm(30);
                char *p = mmap(NULL, 512UL << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                madvise(p, 512UL << 20, MADV_NOHUGEPAGE);
                for (size_t at = 0; at < 512UL << 20; at += PAGE) {
                        p[at] = 1;
                        if (event(events, "oom_kill ") > 0)
                                _exit(0);
                }
                _exit(4);
        }
        int status;
        if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
                fprintf(stderr, "population: the filler ended by %x\n", (unsigned) status);
        close(events);
        close(into);
}

/* The first that the kernel's log names since @log was at its end: what came after it was another choice. */
static int first_killed(int log) {
        char line[8192];
        int pid = -1;
        while (pid < 0) {
                ssize_t n = read(log, line, sizeof(line) - 1);
                if (n < 0 && errno == EPIPE)
                        continue;
                if (n <= 0)
                        break;
                line[n] = 0;
                const char *at = strstr(line, "Killed process ");
                if (at)
                        pid = atoi(at + 15);
        }
        return pid;
}

static void one(const char *top, int n, int small, int nested) {
        static const int adjs[] = { 0, 0, 0, 0, 100, 200, 300, 500, -100, -200, 900 };
        char dir[256], leaf[MEMBERS][320], text[32];
        long kb[MEMBERS], sum = 0;
        pid_t pids[MEMBERS];
        int members = small ? 2 + (int) (random() % 2) : 2 + (int) (random() % 7), done[2];

        snprintf(dir, sizeof(dir), "%s/p%d", top, n);
        if (mkdir(dir, 0755) < 0 || pipe2(done, O_CLOEXEC) < 0)
                die(dir);
        if (nested)
                put(dir, "cgroup.subtree_control", "+memory");
        for (int i = 0; i < members; i++) {
                kb[i] = small ? 100 + random() % 500 : 512 + random() % 8000;
                sum += kb[i] + (small ? 200 : 700);
        }
        snprintf(text, sizeof(text), "%ld", small ? 3900L * KB : (sum + 3000 + random() % 12000) * KB);
        put(dir, "memory.max", text);
        put(dir, "memory.swap.max", "0");
        for (int i = 0; i < members; i++) {
                if (nested)
                        snprintf(leaf[i], sizeof(leaf[i]), "%s/m%d", dir, i);
                else
                        snprintf(leaf[i], sizeof(leaf[i]), "%s", dir);
                if (nested && mkdir(leaf[i], 0755) < 0)
                        die(leaf[i]);
                pids[i] = start(leaf[i], kb[i], adjs[random() % (long) (sizeof(adjs) / sizeof(*adjs))], done[1]);
        }
        for (int i = 0; i < members; i++)
                if (read(done[0], text, 1) != 1)
                        die("a member");
        printf("ready %s\n", dir);
        fflush(stdout);
        if (!fgets(text, sizeof(text), stdin))
                exit(0);
        int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), status;
        if (log < 0 || lseek(log, 0, SEEK_END) < 0)
                die("/dev/kmsg");
        fill(dir, leaf[0]);
        printf("killed %d\n", first_killed(log));
        close(log);
        fflush(stdout);
        for (int i = 0; i < members; i++)
                kill(pids[i], SIGKILL);
        while (waitpid(-1, &status, 0) > 0)
                ;
        for (int i = 0; nested && i < members; i++)
                rmdir(leaf[i]);
        rmdir(dir);
        close(done[0]);
        close(done[1]);
}

int main(int argc, char **argv) {
        if (argc != 4) {
                fprintf(stderr, "usage: population DIR COUNT SEED\n");
                return 2;
        }
        srandom((unsigned) atol(argv[3]));
        for (int n = 0; n < atoi(argv[2]); n++)
                one(argv[1], n, n % 5 == 4, n % 4 == 3);
        return 0;
}
