#pragma once
/* What the subcommands of reevectl share: how they are called, and what they return. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes of every subcommand but `run`, which answers as its command. */
enum {
        CTL_DONE = 0,           /* also with nothing found */
        CTL_FAILED = 1,         /* failed or refused; -q: no */
        CTL_USAGE = 2,
        CTL_NO_DAEMON = 3,
        CTL_NOT_ALLOWED = 4,
        CTL_NOT_FOUND = 5,      /* no such cgroup or record */
};

typedef struct CtlCommand CtlCommand;

/* What was given before the subcommand, and what we write to. */
typedef struct CtlContext {
        const CtlCommand *commands;     /* the table of subcommands, ended by one without a name */
        const char *socket_path;        /* NULL: where reeved listens by default */
        bool json;
        bool terminal;                  /* stdout is a terminal: tables fit it, and are not complete */
        bool color;                     /* a terminal that wants colours (NO_COLOR, TERM=dumb) */
        size_t width;                   /* columns of the terminal; 0: no limit */
        int64_t now_usec;               /* since 1970 */
} CtlContext;

struct CtlCommand {
        const char *name;
        int (*run)(int argc, char **argv, const CtlContext *c);         /* argv[0] is the subcommand; returns an exit code */
        const char *summary;
};

/* One file each. */
int ctl_capture(int argc, char **argv, const CtlContext *c);
int ctl_check(int argc, char **argv, const CtlContext *c);
int ctl_diff(int argc, char **argv, const CtlContext *c);
int ctl_doctor(int argc, char **argv, const CtlContext *c);
int ctl_events(int argc, char **argv, const CtlContext *c);
int ctl_explain(int argc, char **argv, const CtlContext *c);
int ctl_help(int argc, char **argv, const CtlContext *c);
int ctl_kills(int argc, char **argv, const CtlContext *c);
int ctl_overview(int argc, char **argv, const CtlContext *c);
int ctl_pause(int argc, char **argv, const CtlContext *c);
int ctl_predict(int argc, char **argv, const CtlContext *c);
int ctl_recommend(int argc, char **argv, const CtlContext *c);
int ctl_reload(int argc, char **argv, const CtlContext *c);
int ctl_resume(int argc, char **argv, const CtlContext *c);
int ctl_replay(int argc, char **argv, const CtlContext *c);
int ctl_run(int argc, char **argv, const CtlContext *c);
int ctl_set(int argc, char **argv, const CtlContext *c);
int ctl_show(int argc, char **argv, const CtlContext *c);
int ctl_status(int argc, char **argv, const CtlContext *c);
int ctl_whynot(int argc, char **argv, const CtlContext *c);
int ctl_version(int argc, char **argv, const CtlContext *c);
