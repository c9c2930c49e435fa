#!/bin/bash
# No two files call each other, neither straight nor round a corner: by what their objects define and ask for.
# Usage: circles.sh SOURCE_DIR BUILD_DIR
set -u
cd "$2" || exit 2

# Those of files that are there: a build keeps the objects of files that went.
objects=$(while read -r object; do
        source=$(sed 's:/CMakeFiles/[^/]*\.dir::; s:\.o$::' <<<"$object")
        [[ -e $1/$source ]] && echo "$object"
done < <(find policies supervisor -name '*.c.o'))
[[ $(wc -w <<<"$objects") -gt 50 ]] || { echo "few objects below $1: this test looks in the wrong place"; exit 1; }
# FROM TO, by the symbols that one file alone defines. A file compiled twice (for the library that is installed) is one file.
# shellcheck disable=SC2086
arrows=$(nm -A -f posix $objects | awk '
        {
                file = $1
                sub(/\.c\.o:$/, "", file)
                sub(/\/CMakeFiles\/[^\/]*\.dir/, "", file)
        }
        $3 ~ /^[TDBRVW]$/ { if ($2 in by && by[$2] != file) twice[$2]; by[$2] = file }
        $3 == "U" { from[++n] = file; name[n] = $2 }
        END {
                for (i = 1; i <= n; i++)
                        if (name[i] in by && !(name[i] in twice) && by[name[i]] != from[i])
                                print from[i], by[name[i]]
        }' | sort -u)
[[ $(wc -l <<<"$arrows") -gt 100 ]] || { echo "only $(wc -l <<<"$arrows") arrows found: this test looks in the wrong place"; exit 1; }
loops=$(tsort <<<"$arrows" 2>&1 >/dev/null)
if [[ -n $loops ]]; then
        echo "files that call each other in a circle:"
        sed 's/^tsort: //; s/^-: //' <<<"$loops"
        exit 1
fi
echo "$(wc -w <<<"$objects") objects, $(wc -l <<<"$arrows") arrows, no circle"
