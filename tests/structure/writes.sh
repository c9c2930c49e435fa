#!/bin/bash
# No write to a cgroup that is not owned goes by path: a path is only a name, which may belong to another by then. Whatever
# opens for writing, makes or removes by path is on this list with what it writes; none of it is a cgroup but in owned.c.
# All else goes through a directory fd. Usage: writes.sh SOURCE_DIR
set -u
cd "$1" || exit 2

# FILE: what it writes by path
allowed='
supervisor/host/owned.c           cgroups that Reeve made or adopted, of which it is the single writer
supervisor/host/conffiles.c       50-set.conf in /etc/reeve/policies.d
supervisor/ledger/ledger-open.c   the ledger
supervisor/record/spool.c         the spool in the runtime directory
supervisor/ctl/runloop.c          the terminal
supervisor/act/limitstate.c       limits.json in the state directory
supervisor/flow/history.c         the mark of the boot read back, in the runtime directory
supervisor/host/systemd.c         drop-ins of systemd in /run/systemd/system.control and transient
supervisor/main.c                 the lock in the runtime directory
supervisor/server/server.c        the socket
supervisor/record/blackbox.c      captures in the state directory
supervisor/ctl/capture.c          the file that was asked for
supervisor/ctl/options.c          /dev/null, in the place of standard error
'
bad=0 seen=0
while IFS=: read -r file line text; do
        seen=$((seen + 1))
        case $text in
        *libcgroup.h*) [[ $file == supervisor/host/owned.c ]] && continue ;;
        *) grep -q "^$file " <<<"$allowed" && continue ;;
        esac
        echo "$file:$line: writes by path: $text"
        bad=1
done < <(grep -rnE --include='*.[ch]' \
        -e '(^|[^a-z_])(open|creat|fopen|freopen|truncate|mkdir|rmdir|unlink|rename|symlink|mkfifo|mkostemp|mkstemp)\((.*(O_WRONLY|O_RDWR|O_CREAT|"[wa]|"r\+)|.*\))' \
        -e '(openat|mkdirat|unlinkat|renameat|fchmodat|symlinkat)\(AT_FDCWD' -e '#include <libcgroup.h>' supervisor policies |
        grep -E 'O_WRONLY|O_RDWR|O_CREAT|"[wa]|"r\+|[^a-z_](creat|truncate|mkdir|rmdir|unlink|rename|symlink|mkfifo|mkostemp|mkstemp)\(|AT_FDCWD|libcgroup' |
        grep -vE ':[0-9]+:[[:space:]]*(\*|/\*|//)|openat\(AT_FDCWD.*O_(RDONLY|PATH)')
[[ $seen -gt 2 ]] || { echo "only $seen writes found: this test looks in the wrong place"; exit 1; }
[[ $bad == 0 ]] && echo "$seen writes by path, none to a cgroup that is not owned"
exit "$bad"
