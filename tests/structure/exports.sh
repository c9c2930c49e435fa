#!/bin/bash
# The shared library exports what its symbol file lists, the header declares and nothing else. Usage: exports.sh SOURCE_DIR BUILD_DIR
set -u
listed=$(sed -n '/global:/,/local:/s/^[[:space:]]*\([a-z_]*\);$/\1/p' "$1/supervisor/client/libreeve.sym" | sort)
library=$(find "$2" -name 'libreeve.so' | head -n 1)
[[ -n $library ]] || { echo "no libreeve.so below $2"; exit 1; }
exported=$(nm -D --defined-only "$library" | awk '$2 ~ /[TDBRVW]/ { sub(/@.*/, "", $3); print $3 }' |
        grep -vE '^(_init|_fini|__gcov_|__asan_|__bss_start|_edata|_end)' | sort)
declared=$(sed 's://.*::' "$1/include/reeve/reeve.h" | grep -oE '\breeve_[a-z_]+\(' | tr -d '(' | sort -u)
bad=0
tell() { [[ -z $2 ]] || { echo "$1: $(tr '\n' ' ' <<<"$2")"; bad=1; }; }
tell "listed, but not exported" "$(comm -23 <(echo "$listed") <(echo "$exported"))"
tell "exported, but not listed" "$(comm -13 <(echo "$listed") <(echo "$exported"))"
tell "listed, but not in reeve.h" "$(comm -23 <(echo "$listed") <(echo "$declared"))"
[[ -n $listed ]] || { echo "libreeve.sym lists nothing: this test looks in the wrong place"; exit 1; }
[[ $bad == 0 ]] && echo "$(wc -l <<<"$listed") functions, listed, exported and declared"
exit "$bad"
