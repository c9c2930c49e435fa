#include "supervisor/host/taskstats.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/taskstats.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/base/fd.h"

/* Some 3,000 exits, each charged with 1,280 bytes; the kernel's default holds 160. */
enum { RECEIVE_BYTES = 4 << 20, MESSAGE_BYTES = 4096, BATCH = 512 };
enum { LAST_OF_GROUP = 0x20 };          /* AGROUP of ac_flag, since version 12 */

struct Taskstats {
        struct nl_sock *socket;
        int family;
        TaskstatsCounts counts;
        pid_t child;
        bool reaped, seen;
        _Alignas(8) unsigned char message[MESSAGE_BYTES];
};

/* ---- opening ---- */

static int told(int r, const char *what, char *reterr, size_t size) {
        (void) snprintf(reterr, size, "taskstats: %s: %s", what, nl_geterror(r));
        return r == -NLE_PERM ? -EPERM : r == -NLE_OBJ_NOTFOUND ? -ENOENT : r == -NLE_NOMEM ? -ENOMEM : -EIO;
}

/* Passes what is not of @family (answers to us) and the exits by SIGKILL: of the process' last thread where the kernel
 * marks it, of each thread where it does not. Where a field lies is the same on all kernels with taskstats of version 8 and
 * up, and the self-test would tell otherwise. Bytes, since loads of more are in network order. */
static int attach_filter(int fd, int family) {
        const uint32_t type = (uint32_t) offsetof(struct nlmsghdr, nlmsg_type);
        /* Netlink header, generic header, AGGR_PID { PID, STATS { ... } }. */
        const uint32_t stats = sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr) + 3 * sizeof(struct nlattr) + sizeof(uint32_t);
        const uint32_t version = stats + (uint32_t) offsetof(struct taskstats, version);
        const uint32_t exit_code = stats + (uint32_t) offsetof(struct taskstats, ac_exitcode);
        const uint32_t flags = stats + (uint32_t) offsetof(struct taskstats, ac_flag);
        const bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_H | BPF_ABS, type),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons((uint16_t) family), 0, 7),
                BPF_STMT(BPF_LD | BPF_B | BPF_ABS, exit_code + (big ? 3 : 0)),
                BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x7f),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIGKILL, 0, 5),
                BPF_STMT(BPF_LD | BPF_B | BPF_ABS, version + (big ? 1 : 0)),
                BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 12, 0, 2),
                BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags),
                BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, LAST_OF_GROUP, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
                BPF_STMT(BPF_RET | BPF_K, 0),
        };
        struct sock_fprog program = { .len = ELEMENTSOF(code), .filter = code };

        return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

/* All CPUs that may ever be there: "0-3". */
static void possible_cpus(char *ret, size_t size) {
        _cleanup_close_ int fd = open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);

        if (n > 1)
                ret[n - 1] = '\0';
        else
                (void) snprintf(ret, size, "0-%ld", sysconf(_SC_NPROCESSORS_CONF) - 1);
}

/* Asks for the exits on all CPUs, or for none any more. Returns 0 or libnl's negative error. */
static int register_cpus(Taskstats *t, int attribute) {
        struct nl_msg *m = nlmsg_alloc();
        char cpus[256];

        if (!m)
                return -NLE_NOMEM;
        possible_cpus(cpus, sizeof(cpus));
        if (!genlmsg_put(m, 0, 0, t->family, 0, 0, TASKSTATS_CMD_GET, TASKSTATS_GENL_VERSION) ||
            nla_put_string(m, attribute, cpus) < 0) {
                nlmsg_free(m);
                return -NLE_NOMEM;
        }
        return nl_send_sync(t->socket, m);      /* frees it */
}

static int set_up(Taskstats *t, char *reterr, size_t size) {
        const int bytes = RECEIVE_BYTES;
        int r = genl_connect(t->socket), fd;

        if (r < 0)
                return told(r, "netlink", reterr, size);
        t->family = genl_ctrl_resolve(t->socket, TASKSTATS_GENL_NAME);
        if (t->family < 0)
                return told(t->family, "the kernel has none", reterr, size);
        fd = nl_socket_get_fd(t->socket);
        /* Without the privilege for it the register call will say so. */
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
        r = attach_filter(fd, t->family);
        if (r < 0) {
                (void) snprintf(reterr, size, "taskstats: no socket filter: %s", strerror(-r));
                return r;
        }
        r = register_cpus(t, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK);
        if (r < 0)
                return told(r, r == -NLE_PERM ? "needs CAP_NET_ADMIN" : "not in this namespace", reterr, size);
        return 0;
}

int taskstats_open(Taskstats **ret, char *reterr, size_t err_size) {
        Taskstats *t = calloc(1, sizeof(*t));
        int r;

        if (t)
                t->socket = nl_socket_alloc();
        if (!t || !t->socket) {
                free(t);
                (void) snprintf(reterr, err_size, "taskstats: no memory");
                return -ENOMEM;
        }
        r = set_up(t, reterr, err_size);
        if (r < 0) {
                nl_socket_free(t->socket);
                free(t);
                return r;
        }
        *ret = t;
        return 0;
}

Taskstats *taskstats_close(Taskstats *t) {
        if (!t)
                return NULL;
        (void) register_cpus(t, TASKSTATS_CMD_ATTR_DEREGISTER_CPUMASK);
        nl_socket_free(t->socket);
        if (t->child > 0 && !t->reaped)
                (void) waitpid(t->child, NULL, WNOHANG);
        free(t);
        return NULL;
}

int taskstats_fd(const Taskstats *t) {
        return nl_socket_get_fd(t->socket);
}

/* ---- receiving ---- */

static void fill(TaskstatsExit *ret, const struct taskstats *s, uint32_t pid) {
        bool whole = s->version >= 12 && s->ac_tgid > 0;

        *ret = (TaskstatsExit) {
                .tgid = (int32_t) (whole ? s->ac_tgid : pid),
                .version = s->version,
                .runtime_nsec = (whole && s->ac_tgetime ? s->ac_tgetime : s->ac_etime) * 1000,
                .peak_rss_bytes = s->hiwater_rss * 1024,
                .uid = s->ac_uid,
                .ppid = s->ac_ppid,
        };
        memcpy(ret->comm, s->ac_comm, sizeof(s->ac_comm));
        ret->comm[sizeof(ret->comm) - 1] = '\0';
}

int taskstats_parse(TaskstatsExit *ret, void *message, size_t length, int family) {
        static const struct nla_policy policy[TASKSTATS_TYPE_MAX + 1] = {
                [TASKSTATS_TYPE_PID] = { .type = NLA_U32 },
                [TASKSTATS_TYPE_AGGR_PID] = { .type = NLA_NESTED },
        };
        struct nlattr *top[TASKSTATS_TYPE_MAX + 1], *in[TASKSTATS_TYPE_MAX + 1];
        struct nlmsghdr *h = message;
        struct taskstats stats = { 0 };

        if (length > INT32_MAX || !nlmsg_ok(h, (int) length) || !genlmsg_valid_hdr(h, 0))
                return -EBADMSG;
        if (h->nlmsg_type != family)
                return -ENOMSG;
        if (genlmsg_parse(h, 0, top, TASKSTATS_TYPE_MAX, policy) < 0)
                return -EBADMSG;
        if (!top[TASKSTATS_TYPE_AGGR_PID])
                return -ENOMSG;
        if (nla_parse_nested(in, TASKSTATS_TYPE_MAX, top[TASKSTATS_TYPE_AGGR_PID], policy) < 0 || !in[TASKSTATS_TYPE_PID] ||
            !in[TASKSTATS_TYPE_STATS])
                return -EBADMSG;
        /* The structure grows at its end only: what an older kernel does not give stays 0, what a newer adds is left out. */
        if (nla_len(in[TASKSTATS_TYPE_STATS]) < (int) offsetof(struct taskstats, hiwater_vm))
                return -EBADMSG;
        (void) nla_memcpy(&stats, in[TASKSTATS_TYPE_STATS], (int) sizeof(stats));
        if ((stats.ac_exitcode & 0x7f) != SIGKILL || (stats.version >= 12 && !(stats.ac_flag & LAST_OF_GROUP)))
                return -ENOMSG;
        fill(ret, &stats, nla_get_u32(in[TASKSTATS_TYPE_PID]));
        return ret->tgid > 0 ? 0 : -EBADMSG;
}

/* One message from the kernel. Returns 1 with *@ret, 0 for nothing of interest, -EAGAIN where nothing waits, -errno. */
static int receive(Taskstats *t, TaskstatsExit *ret) {
        struct sockaddr_nl from = { 0 };
        struct iovec io = { .iov_base = t->message, .iov_len = sizeof(t->message) };
        struct msghdr header = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &io, .msg_iovlen = 1 };
        ssize_t n = recvmsg(taskstats_fd(t), &header, MSG_DONTWAIT);
        int r;

        if (n < 0 && errno == ENOBUFS) {
                t->counts.overflows++;
                return 0;
        }
        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        if (from.nl_pid != 0)
                return 0;
        r = header.msg_flags & MSG_TRUNC ? -EBADMSG : taskstats_parse(ret, t->message, (size_t) n, t->family);
        t->counts.malformed += r == -EBADMSG;
        return r == 0;
}

int taskstats_drain(Taskstats *t, void (*take)(const TaskstatsExit *, void *userdata), void *userdata) {
        int given = 0;

        for (int i = 0; i < BATCH; i++) {
                TaskstatsExit one;
                int r = receive(t, &one);

                if (r == -EAGAIN)
                        break;
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                if (t->child > 0 && one.tgid == t->child && !t->seen) {
                        t->seen = true;
                        continue;
                }
                t->counts.exits++;
                given++;
                if (take)
                        take(&one, userdata);
        }
        return given;
}

void taskstats_counts(const Taskstats *t, TaskstatsCounts *ret) {
        *ret = t->counts;
}

/* ---- self-test ---- */

int taskstats_test_begin(Taskstats *t) {
        pid_t child = fork();

        if (child == 0) {
                /* Only what is safe between fork and exec in a program with threads. */
                (void) kill(getpid(), SIGKILL);
                _exit(1);
        }
        if (child < 0)
                return -errno;
        t->child = child;
        t->reaped = t->seen = false;
        return (int) child;
}

int taskstats_test_result(Taskstats *t) {
        bool before = t->reaped;

        if (t->child > 0 && !t->reaped && waitpid(t->child, NULL, WNOHANG) != 0)
                t->reaped = true;
        if (t->seen)
                return 1;
        /* Reaped just now: its exit may have come since the socket was drained. */
        return t->child > 0 && before ? -ENOMSG : 0;
}

int32_t taskstats_test_pid(const Taskstats *t) {
        return (int32_t) t->child;
}
