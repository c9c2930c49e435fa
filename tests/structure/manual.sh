#!/bin/bash
# What is written down is there, and what is there is written down: every path, preset and command of README and CONTRIBUTING;
# every command and option of the programs in the man pages, and none there that the programs do not have; every key of the
# configuration. Usage: manual.sh SOURCE_DIR BUILD_DIR
set -u
cd "$1" || exit 2
reevectl=$(find "$2" -name reevectl -type f -perm -u+x | head -n 1)
reeved=$(find "$2" -name reeved -type f -perm -u+x | head -n 1)
[[ -n $reevectl && -n $reeved ]] || { echo "no programs below $2"; exit 1; }
bad=0 seen=0
wrong() { echo "$*"; bad=1; }
# One line of names out of text on standard input.
options() { grep -oE -- '(^|[^a-z-])--[a-z][a-z-]*' | grep -oE -- '--[a-z-]+' | sort -u; }
commands=$("$reevectl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')

# README and CONTRIBUTING: paths that begin with a folder of ours, presets, commands of reevectl, options of reeved and tests/run.
for page in README.md CONTRIBUTING.md; do
        while read -r path; do
                seen=$((seen + 1))
                [[ -e $path ]] || compgen -G "$path" >/dev/null || wrong "$page: there is no $path"
        done < <(sed 's/[A-Z]\{4,\}/*/g' "$page" | grep -oE '(packaging|tests|supervisor|policies|include)/[A-Za-z0-9_./*-]*[A-Za-z0-9_]' | sort -u)
        while read -r preset; do
                seen=$((seen + 1))
                grep -q "\"name\": \"$preset\"" CMakePresets.json || wrong "$page: there is no preset $preset"
        done < <(grep -oE -- '--preset [a-z]+' "$page" | cut -d ' ' -f 2 | sort -u)
        while read -r command; do
                seen=$((seen + 1))
                grep -qx "$command" <<<"$commands" || wrong "$page: reevectl has no command $command"
        done < <(sed '/^## Not yet/,/^## /d' "$page" | grep -oE '(`|\$ |^|sudo )reevectl [a-z][a-z-]*' | grep -oE '[a-z][a-z-]*$' | sort -u)
        while read -r option; do
                seen=$((seen + 1))
                "$reeved" --help | grep -q -- "$option" || wrong "$page: reeved has no option $option"
        done < <(grep -oE -- 'reeved --[a-z-]+' "$page" | cut -d ' ' -f 2 | sort -u)
        while read -r option; do
                seen=$((seen + 1))
                grep -qE -- "^        $option\)" tests/run || wrong "$page: tests/run has no option $option"
        done < <(grep -E '^tests/run' "$page" | sed 's/#.*//' | options)
done

for room in supervisor/*/; do
        room=$(basename "$room")
        grep -qE "^\| \`.*\b$room\b" CONTRIBUTING.md || wrong "CONTRIBUTING.md: nothing about supervisor/$room"
done

# reevectl(1) and its helps; each the other way round too.
page=packaging/man/reevectl.1.scd
all=$("$reevectl" --help | options)
for command in $commands; do
        grep -qE "^\*$command\*" $page || wrong "$page: nothing about $command"
        grep -q "\b$command\b" packaging/completions/reevectl || wrong "the completion does not know $command"
        mine=$("$reevectl" "$command" --help | options)
        all="$all
$mine"
        for option in $mine; do
                seen=$((seen + 1))
                grep -q -- "\*$option\*" $page || wrong "$page: nothing about $option of $command"
        done
done
while read -r option; do
        grep -qx -- "$option" <<<"$all" || wrong "$page: no command has an option $option"
done < <(options <$page)

page=packaging/man/reeved.8.scd
for option in $("$reeved" --help | options); do
        seen=$((seen + 1))
        grep -q -- "\*$option\*" $page || wrong "$page: nothing about $option"
done
while read -r option; do
        "$reeved" --help | grep -q -- "$option" || wrong "$page: reeved has no option $option"
done < <(options <$page)

page=packaging/man/reeve.conf.5.scd
for key in $(grep -oE '"[A-Z][A-Za-z]+"' supervisor/text/configkeys.c | tr -d '"' | sort -u); do
        seen=$((seen + 1))
        grep -q "\*$key=\*" $page || wrong "$page: nothing about $key="
done

[[ $seen -gt 60 ]] || wrong "only $seen names found: this test looks in the wrong place"
[[ $bad == 0 ]] && echo "$seen names, all written down and all there"
exit "$bad"
