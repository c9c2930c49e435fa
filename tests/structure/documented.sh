#!/bin/bash
# Each function in a header has a comment: before it, behind it on its line, or before the block of lines without a blank one
# between that it stands in. A type may have it inside instead, and a few constants or a type that is the header's only matter
# in the comment that opens the header, which every header has. Usage: documented.sh SOURCE_DIR
set -u
cd "$1" || exit 2
# shellcheck disable=SC2046
awk '
function judge() {
        if (pending != "" && !inside) {
                print pending
                bad = 1
        }
        pending = ""
}
FNR == 1 { judge(); covered = 0; comment = 0; depth = 0; macro = 0; head = "" }
FNR <= 8 && /\/\*/ && !/SPDX/ { in_head = 1 }
in_head { head = head " " $0; if (/\*\//) in_head = 0 }
pending != "" && /\/\*/ { inside = 1 }
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
        seen++
        if (head == "" && !told[FILENAME]++) {
                print FILENAME ": no comment opens this header"
                bad = 1
        }
        type = /^(typedef (struct|enum|union)|struct|enum|union)/ && /\{/
        if (!covered && !forward && !/\/\*/ && !/^_Static_assert|^static_assert/) {
                pending = sprintf("%s:%d: without a comment: %s", FILENAME, FNR, $0)
                # "typedef struct Name {": the header is about it if it says so or bears its name.
                name = $0
                sub(/^(typedef )?(struct|enum|union) ?/, "", name)
                sub(/[ {].*/, "", name)
                file = FILENAME
                sub(/.*\//, "", file)
                sub(/\.h$/, "", file)
                gsub(/-/, "", file)
                inside = type && (name == "" || index(head, name) || tolower(name) == file || index(tolower(name), file) == 1)
                if (!type)
                        judge()
        }
}
{
        line = $0
        opened = gsub(/[{(]/, "", line)
        line = $0
        closed = gsub(/[})]/, "", line)
        depth += opened - closed
        if (depth < 0) depth = 0
        if (depth == 0) judge()
        if (depth == 0 && /\/\*/ && !/\*\//) comment = 1
}
END {
        if (seen < 20) { print "only " seen " declarations found: this test looks in the wrong place"; exit 1 }
        if (!bad) print seen " declarations, all with a comment"
        exit bad
}' $(find include policies supervisor -name '*.h')
