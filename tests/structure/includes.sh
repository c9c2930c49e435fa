#!/bin/bash
# Includes point down only. A file may include from its own room and from those in its line here; what is not named is above it.
# Usage: includes.sh SOURCE_DIR
set -u
cd "$1" || exit 2

declare -A may=(
        [include]=''
        [base]='include'
        [policies]='include'
        [text]='include base policies'
        [attribute]='include base policies'
        [host]='include base policies text attribute'
        [tree]='include base policies text attribute host'
        [observe]='include base policies text attribute host tree'
        [act]='include base policies text attribute host tree observe'
        [record]='include base policies text attribute host tree observe act'
        [ledger]='include base policies text attribute host tree observe act record'
        [client]='include base policies text'
        [server]='include base policies text attribute host tree observe act record ledger'
        [ctl]='include base policies text attribute host tree observe client'
        [flow]='include base policies text attribute host tree observe act record ledger server'
        [top]='include base policies text attribute host tree observe act record ledger server flow'
)
# Plain structs that a lower room reads, and nothing else of their room; and what attribution may use of base.
exceptions='text>supervisor/attribute/kill.h text>supervisor/attribute/evidence.h attribute>supervisor/text/kmsg.h'
attribute_base='supervisor/base/strbuf.h'

room_of() {
        case $1 in
        include/* | reeve/*) echo include ;;
        policies/*) echo policies ;;
        supervisor/*/*) local rest=${1#supervisor/}; echo "${rest%%/*}" ;;
        supervisor/*) echo top ;;
        *) echo '' ;;
        esac
}

bad=0 seen=0
while IFS=: read -r file line text; do
        target=$(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' <<<"$text")
        [[ -n $target ]] || continue
        # A bare name is a file of the same folder, or one that the build makes.
        [[ $target == */* ]] || continue
        from=$(room_of "$file") to=$(room_of "$target") seen=$((seen + 1))
        [[ -n $to ]] || { echo "$file:$line: \"$target\" belongs to no room"; bad=1; continue; }
        if [[ $from == attribute && $to == base && $target != "$attribute_base" ]]; then
                echo "$file:$line: attribution is pure, it may use $attribute_base only, not $target"
                bad=1
        fi
        [[ $from == "$to" || " ${may[$from]-} " == *" $to "* || " $exceptions " == *" $from>$target "* ]] && continue
        echo "$file:$line: $from may not include $target, which is above it"
        bad=1
done < <(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' -r include policies supervisor --include='*.[ch]')
[[ $seen -gt 20 ]] || { echo "only $seen includes found: this test looks in the wrong place"; exit 1; }
[[ $bad == 0 ]] && echo "$seen includes, all point down"
exit "$bad"
