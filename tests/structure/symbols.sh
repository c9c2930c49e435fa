#!/bin/bash
# policies/ and supervisor/attribute/ are pure: no fd, clock, allocation or log. Their objects may refer to each other and to
# the functions of libc below, to nothing else. Usage: symbols.sh BUILD_DIR
set -u
cd "$1" || exit 2

# Bytes, text, numbers, sorting. No malloc, open, time, printf to a stream, errno-setting system call.
libc='memchr memcmp memcpy memmem memmove memset mempcpy
        strchr strchrnul strcmp strcspn strcasecmp strlen strncasecmp strncmp strnlen strpbrk strrchr strspn strstr strncpy stpcpy stpncpy memrchr
        snprintf vsnprintf sscanf strtol strtoll strtoul strtoull strtod
        qsort bsearch abs labs llabs
        fabs floor ceil fmin fmax sqrt exp log pow round lround llround
        isalnum isalpha isdigit isxdigit isspace toupper tolower abort __errno_location __assert_fail'
# strbuf is the one thing of base that attribution may use, to build a text in memory of the caller.
mine=$(find . -path '*reeve-policies.dir*' -name '*.o' -o -path '*reeve-attribute.dir*' -name '*.o')
[[ -n $mine ]] || { echo "no objects of policies and attribute below $1"; exit 1; }
# shellcheck disable=SC2086
defined=$(nm --defined-only --extern-only -f posix $mine | awk 'NF > 1 { print $1 }')
strbuf=$(find . -path '*reeve-base.dir*' -name 'strbuf.c.o' -exec nm --defined-only --extern-only -f posix {} + | awk 'NF > 1 { print $1 }')

bad=0
for object in $mine; do
        allowed="$libc $defined"
        [[ $object == *reeve-attribute.dir* ]] && allowed="$allowed $strbuf"
        allowed=" $(tr '\n' ' ' <<<"$allowed") "
        while read -r symbol _; do
                # What the compiler adds: hardened variants, stack protector, sanitizers, coverage, character tables.
                name=$symbol
                case $name in
                __stack_chk_fail | __ctype_*_loc | _GLOBAL_OFFSET_TABLE_ | __asan_* | __ubsan_* | __gcov_* | __sanitizer_* | __tsan_*) continue ;;
                __isoc*_*) name=${name#__isoc??_} ;;
                __*_chk) name=${name#__} name=${name%_chk} ;;
                esac
                [[ $allowed == *" $name "* ]] && continue
                echo "${object##*.dir/}: uses $symbol, which is not on the list of tests/structure/symbols.sh"
                bad=1
        done < <(nm --undefined-only -f posix "$object")
done
[[ $bad == 0 ]] && echo "$(wc -w <<<"$mine") objects, pure"
exit "$bad"
