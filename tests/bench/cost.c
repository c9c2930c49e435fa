/* cost: how long an operation takes that the probes see.
 *
 *   cost fork COUNT              fork, exit and wait
 *   cost mkdir COUNT CGROUP      mkdir and rmdir of a cgroup below CGROUP
 *   cost kill COUNT CGROUP       a process over its memory.max: from its first page to wait(2); cgroup made before, removed after
 *
 * Prints the nanoseconds of one: the mean of forks and mkdirs, the median of kills, of which the kernel logs some at length. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include <time.h>
#include <unistd.h>

static uint64_t now_nsec(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

static _Noreturn void die(const char *what) {
        perror(what);
        exit(1);
}

static void write_at(int dir, const char *file, const char *text) {
        int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, text, strlen(text)) < 0)
                die(file);
        close(fd);
}

static void once_fork(int parent) {
        pid_t pid = fork();

        (void) parent;
        if (pid == 0)
                _exit(0);
        if (pid < 0 || waitpid(pid, NULL, 0) != pid)
                die("fork");
}

static void once_mkdir(int parent) {
        if (mkdirat(parent, "cost", 0755) < 0 || unlinkat(parent, "cost", AT_REMOVEDIR) < 0)
                die("cost");
}

static _Noreturn void hog(void) {
        write_at(AT_FDCWD, "/proc/self/oom_score_adj", "0");
        for (;;) {
                char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

                if (p == MAP_FAILED)
                        _exit(3);
        }
}

static uint64_t once_kill(int parent) {
        struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
        uint64_t begin;
        int dir, status;
        pid_t pid;

        if (mkdirat(parent, "cost", 0755) < 0)
                die("cost");
        dir = openat(parent, "cost", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        write_at(dir, "memory.max", "1M");
        begin = now_nsec();
        args.cgroup = (__u64) dir;
        pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        if (pid == 0)
                hog();
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
                die("the hog was not killed");
        begin = now_nsec() - begin;
        close(dir);
        while (unlinkat(parent, "cost", AT_REMOVEDIR) < 0)
                if (errno != EBUSY)
                        die("cost");
        return begin;
}

static int by_value(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return x < y ? -1 : x > y;
}

static uint64_t median_of_kills(long count, int parent) {
        uint64_t *each = calloc((size_t) count, sizeof(*each)), median;

        if (!each)
                die("calloc");
        for (long i = 0; i < count; i++)
                each[i] = once_kill(parent);
        qsort(each, (size_t) count, sizeof(*each), by_value);
        median = each[count / 2];
        free(each);
        return median;
}

static uint64_t mean_of(void (*once)(int), long count, int parent) {
        uint64_t begin = now_nsec();

        for (long i = 0; i < count; i++)
                once(parent);
        return (now_nsec() - begin) / (uint64_t) count;
}

int main(int argc, char *argv[]) {
        const char *what = argc > 2 ? argv[1] : "";
        long count = argc > 2 ? atol(argv[2]) : 0;
        int parent = argc > 3 ? open(argv[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        uint64_t nsec;

        if (count > 0 && !strcmp(what, "fork"))
                nsec = mean_of(once_fork, count, -1);
        else if (count > 0 && parent >= 0 && !strcmp(what, "mkdir"))
                nsec = mean_of(once_mkdir, count, parent);
        else if (count > 0 && parent >= 0 && !strcmp(what, "kill"))
                nsec = median_of_kills(count, parent);
        else {
                fprintf(stderr, "usage: cost fork COUNT | cost mkdir|kill COUNT CGROUP\n");
                return 2;
        }
        printf("%" PRIu64 "\n", nsec);
        return 0;
}
