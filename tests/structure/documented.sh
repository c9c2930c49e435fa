#!/bin/bash
# Each function and type in a header has a comment: before it, behind it on its line, or before the block of lines without
# a blank one between that it stands in. Usage: documented.sh SOURCE_DIR
set -u
cd "$1" || exit 2
# shellcheck disable=SC2046
awk '
FNR == 1 { covered = 0; comment = 0; depth = 0; macro = 0 }
macro { macro = /\\$/; next }
/^#/ { macro = /\\$/; next }
comment { if (/\*\//) { comment = 0; covered = 1 } next }
depth == 0 && /^[ \t]*\/\*/ { if (/\*\//) covered = 1; else comment = 1; next }
depth == 0 && /^[ \t]*\/\// { covered = 1; next }
depth == 0 && /^[ \t]*$/ { covered = 0; next }
depth == 0 && /^(typedef|struct|enum|union|static|const|unsigned|extern|[A-Za-z_][A-Za-z0-9_]*[ *])/ {
        if (/^extern "C"/ || /^}/) next
        # Forward declarations name a type that is told of elsewhere.
        forward = /^(struct|enum|union) [A-Za-z_0-9]+;/ || /^typedef (struct|enum|union) ([A-Za-z_0-9]+) [A-Za-z_0-9]+;/
        if (!covered && !forward && !/\/\*/ && !/^_Static_assert|^static_assert/) {
                printf "%s:%d: without a comment: %s\n", FILENAME, FNR, $0
                bad = 1
        }
        seen++
}
{
        line = $0
        opened = gsub(/[{(]/, "", line)
        line = $0
        closed = gsub(/[})]/, "", line)
        depth += opened - closed
        if (depth < 0) depth = 0
        if (depth == 0 && /\/\*/ && !/\*\//) comment = 1
}
END {
        if (seen < 20) { print "only " seen " declarations found: this test looks in the wrong place"; exit 1 }
        if (!bad) print seen " declarations, all with a comment"
        exit bad
}' $(find include policies supervisor -name '*.h')
