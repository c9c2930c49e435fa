#pragma once
/* Which cgroup a person means, where no reeved is asked. */
#include "supervisor/host/cgroupfs.h"

/* The one path that @word means on this host, raw bytes, to be freed; NULL: none, or several (then each is told), or it could not
 * be told: complained of on stderr as reevectl @command, with what to exit with in *@ret_exit. */
char *named_path(const char *command, const Cgroupfs *fs, const char *word, int *ret_exit);

/* The same where the cgroup need not exist: a /path is taken as it is, and a plain .service that has none now is the one that
 * systemd would give it. Without cgroup v2 too. */
char *named_path_to_be(const char *command, const char *word, int *ret_exit);
