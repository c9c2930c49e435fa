/* kmsg-oom: OOM kills as a parser of the kernel log finds them, in the way of cAdvisor's: an instance begins at the line
 * "invoked oom-killer:", has its cgroup from "oom-kill:constraint=", and ends at the next "Killed process". What stands
 * outside of an instance is nobody's: the kernel writes the first two lines at most ten times in five seconds.
 *
 *   kmsg-oom             as told
 *   kmsg-oom --lines     each "Killed process" line by itself: a pid, no cgroup
 *
 * Prints "ready", then "BOOTTIME_USEC PID - PATH" for each, tab-separated; ends by a signal. */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char begin_pattern[] = "invoked oom-killer:";
static const char cgroup_pattern[] = "oom-kill:constraint=(.*),nodemask=(.*),cpuset=(.*),mems_allowed=(.*),oom_memcg=(.*),"
                                     "task_memcg=(.*),task=(.*),pid=(.*),uid=(.*)";
static const char end_pattern[] = "Killed process ([0-9]+) \\((.+)\\)";
enum { CGROUP_TASK = 6, CGROUP_GROUPS = 10, END_PID = 1, END_GROUPS = 3 };

typedef struct Parser {
        regex_t begin, cgroup, end;
        bool lines, within;
        char path[8192];
} Parser;

static void take_path(Parser *p, const char *text) {
        regmatch_t found[CGROUP_GROUPS];

        if (regexec(&p->cgroup, text, CGROUP_GROUPS, found, 0) == 0)
                (void) snprintf(p->path, sizeof(p->path), "%.*s", (int) (found[CGROUP_TASK].rm_eo - found[CGROUP_TASK].rm_so),
                                text + found[CGROUP_TASK].rm_so);
}

static void take(Parser *p, const char *usec, const char *text) {
        regmatch_t found[END_GROUPS];

        if (!p->lines && !p->within) {
                if (regexec(&p->begin, text, 0, NULL, 0) == 0) {
                        p->within = true;
                        (void) snprintf(p->path, sizeof(p->path), "/");
                }
                return;
        }
        if (!p->lines)
                take_path(p, text);
        if (regexec(&p->end, text, END_GROUPS, found, 0) != 0)
                return;
        p->within = false;
        printf("%s\t%ld\t-\t%s\n", usec, strtol(text + found[END_PID].rm_so, NULL, 10), p->lines ? "-" : p->path);
}

/* "6,339,5140900,-;text\n KEY=value\n": the third number is microseconds since the boot. */
static void take_record(Parser *p, char *record) {
        char *usec = strchr(record, ','), *text = strchr(record, ';');

        usec = usec ? strchr(usec + 1, ',') : NULL;
        if (!usec || !text || usec > text)
                return;
        usec++;
        *text++ = '\0';
        usec[strcspn(usec, ",")] = '\0';
        text[strcspn(text, "\n")] = '\0';
        take(p, usec, text);
}

int main(int argc, char *argv[]) {
        static Parser p;
        char record[16384];
        int fd = open("/dev/kmsg", O_RDONLY | O_CLOEXEC);
        ssize_t n;

        p.lines = argc > 1 && strcmp(argv[1], "--lines") == 0;
        if (fd < 0 || lseek(fd, 0, SEEK_END) < 0) {
                perror("kmsg-oom: /dev/kmsg");
                return 1;
        }
        if (regcomp(&p.begin, begin_pattern, REG_EXTENDED | REG_NOSUB) || regcomp(&p.cgroup, cgroup_pattern, REG_EXTENDED) ||
            regcomp(&p.end, end_pattern, REG_EXTENDED))
                return 1;
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while ((n = read(fd, record, sizeof(record) - 1)) > 0 || errno == EINTR || errno == EPIPE)
                if (n > 0) {
                        record[n] = '\0';
                        take_record(&p, record);
                } else if (errno == EPIPE) {
                        fprintf(stderr, "kmsg-oom: the log ran over\n");
                }
        perror("kmsg-oom");
        return 1;
}
