#pragma once
/* The configuration's files: which there are, which mask which, and their text. */
#include "supervisor/text/config.h"

/* Where to look. All NULL is the installed system. */
typedef struct ConfigPlaces {
        const char *directory;           /* --config DIR: this one directory instead of the three */
        bool optional;                   /* it need not exist */
        const char *root;                /* prefix of the three directories, for tests; NULL: "" */
} ConfigPlaces;

/* The files' text, in reading order: reeve.conf, reeve.conf.d, policies.d, each by file name whatever its directory; one in
 * /etc/reeve masks its namesake in /run/reeve, that one in /usr/lib/reeve; what is linked to /dev/null is left out. */
typedef struct ConfFiles {
        ConfigFile *files;
        size_t count;
} ConfFiles;

/* Reads them all. A file that cannot be read is a complaint in @reterr, the others still come. Returns 0, -ENOENT where the
 * --config directory does not exist (with a complaint), or -ENOMEM. */
int conffiles_read(const ConfigPlaces *places, ConfFiles *ret, Complaints *reterr);

/* Reads what comes from @fd, up to its end, into @ret, as a file called @name. Returns 0 or -errno with a complaint. */
int conffiles_read_fd(int fd, const char *name, ConfFiles *ret, Complaints *reterr);

/* Reads the one file @path into @ret. Returns 0 or -errno with a complaint. */
int conffiles_read_one(const char *path, ConfFiles *ret, Complaints *reterr);

/* Frees what @f holds. */
void conffiles_done(ConfFiles *f);

/* Reads and parses: all or nothing. Returns 0 with a new Config (and perhaps warnings in @reterr), -EINVAL with all errors in
 * @reterr, -ENOENT, or -ENOMEM. */
int config_load(const ConfigPlaces *places, Config **ret, Complaints *reterr);

/* Replaces /etc/reeve/policies.d/50-set.conf (or policies.d/50-set.conf below places->directory) by @text, atomically and
 * durably. Returns 0 or -errno. */
int conffiles_write_set(const ConfigPlaces *places, const char *text);
