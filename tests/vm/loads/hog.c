/* hog: takes memory, and says so. Each test load begins as this one.
 *
 *   hog [OPTIONS] MEGABYTES       grow to MEGABYTES (0: for ever), then stay
 *     --rate MB        per second; unlimited by default
 *     --cgroup DIR     enter this cgroup first
 *     --comm NAME      be called so (\xNN is one byte)
 *     --file PATH      fill PATH (tmpfs: shmem; else page cache) instead of anonymous memory
 *     --adj N          set its own oom_score_adj
 *     --hold SECONDS   exit 0 after so long at full size; for ever by default
 *     --exit           exit 0 at full size
 *     --swing MB       at full size take MB more and give them back, each second
 *     --lock           none of it can be swapped or reclaimed (mlockall)
 *     --headless       at full size its first thread ends, and another one stays
 *     --quiet          do not print its pid
 *
 * Prints "PID full" when it has all of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void write_text(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, text, strlen(text)) < 0) {
                fprintf(stderr, "hog: %s: %s\n", path, strerror(errno));
                exit(1);
        }
        close(fd);
}

static void unescape(char *text) {
        char *to = text;
        for (char *from = text; *from; to++) {
                unsigned byte;
                if (sscanf(from, "\\x%2x", &byte) == 1) {
                        *to = (char) byte;
                        from += 4;
                } else
                        *to = *from++;
        }
        *to = 0;
}

static void fill_file(int fd) {
        static char block[1 << 20];
        memset(block, 'x', sizeof(block));
        if (write(fd, block, sizeof(block)) < 0) {
                fprintf(stderr, "hog: file: %s\n", strerror(errno));
                exit(1);
        }
}

/* Not all zero: the kernel may merge or skip such pages. */
static char *take(size_t size) {
        char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
                exit(3);
        for (size_t at = 0; at < size; at += 4096)
                p[at] = (char) (at >> 12 | 1);
        return p;
}

static void *stay(void *unused) {
        for (;;)
                pause();
        return unused;
}

static void lose_head(void) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, stay, NULL) == 0)
                syscall(SYS_exit, 0);
}

static void swing_forever(size_t size) {
        for (;;) {
                char *p = take(size);
                sleep(1);
                munmap(p, size);
                sleep(1);
        }
}

int main(int argc, char **argv) {
        long megabytes = -1, rate = 0, hold = -1, swing = 0;
        int file = -1;
        bool quiet = false, headless = false;
        for (int i = 1; i < argc; i++) {
                const char *o = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
                char path[4096];
                if (!strcmp(o, "--rate"))
                        rate = atol(v), i++;
                else if (!strcmp(o, "--cgroup"))
                        snprintf(path, sizeof(path), "%s/cgroup.procs", v), write_text(path, "0"), i++;
                else if (!strcmp(o, "--comm"))
                        unescape(argv[++i]), prctl(PR_SET_NAME, argv[i]);
                else if (!strcmp(o, "--file"))
                        file = open(v, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), i++;
                else if (!strcmp(o, "--adj"))
                        write_text("/proc/self/oom_score_adj", v), i++;
                else if (!strcmp(o, "--hold"))
                        hold = atol(v), i++;
                else if (!strcmp(o, "--exit"))
                        hold = 0;
                else if (!strcmp(o, "--swing"))
                        swing = atol(v), i++;
                else if (!strcmp(o, "--headless"))
                        headless = true;
                else if (!strcmp(o, "--lock")) {
                        if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) {
                                perror("hog: mlockall");
                                return 1;
                        }
                } else if (!strcmp(o, "--quiet"))
                        quiet = true;
                else
                        megabytes = atol(o);
        }
        if (megabytes < 0) {
                fprintf(stderr, "usage: hog [OPTIONS] MEGABYTES\n");
                return 2;
        }
        for (long n = 0; megabytes == 0 || n < megabytes; n++) {
                if (file >= 0)
                        fill_file(file);
                else
                        (void) take(1 << 20);
                if (rate > 0)
                        nanosleep(&(struct timespec){ rate == 1, rate == 1 ? 0 : 1000000000L / rate }, NULL);
        }
        if (!quiet)
                printf("%d full\n", getpid()), fflush(stdout);
        if (headless)
                lose_head();
        if (hold >= 0)
                return sleep((unsigned) hold) > 0;
        if (swing > 0)
                swing_forever((size_t) swing << 20);
        for (;;)
                pause();
}
