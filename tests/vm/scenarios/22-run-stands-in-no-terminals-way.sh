#vm slow timeout=120
# Given a person at a terminal with a shell that has job control,
# when commands below reevectl run are interrupted, stopped, resumed, piped, or killed while they hold the terminal,
# then shell, reevectl and command behave as if reevectl were not there.
. /reeve/lib.sh

type_at_shell() { "$LOADS/typist" "$@" -- bash --norc -i || fail "typist: $*"; }

note "^C reaches the command once, and its exit status counts"
type_at_shell 'send:reevectl run -- sh -c '"'"'trap "echo go\"\"tint; exit 9" INT; echo st""arted; while :; do sleep 0.2; done'"'"'; echo rc""=$?\n' \
        expect:started sleep:0.5 'send:\x03' expect:gotint expect:rc=9
type_at_shell 'send:reevectl run -- sleep 100\n' sleep:2 'send:\x03' 'expect:signal 2'
note "^Z stops the job, fg resumes it"
type_at_shell 'send:reevectl run -- sh -c '"'"'echo st""arted; sleep 3; echo fin""ished; exit 6'"'"'\n' expect:started sleep:0.5 \
        'send:\x1a' expect:Stopped 'send:echo al""ive\n' expect:alive 'send:fg; echo rc""=$?\n' expect:finished expect:rc=6
note "an inner shell that took the terminal and was killed: the terminal comes back as it was"
type_at_shell 'send:reevectl run -- bash --norc -i; echo rc""=$?\n' sleep:3 'send:stty -echo; kill -9 $$\n' expect:rc=137 \
        'send:stty -a | grep -c -- " echo "; echo back""again\n' expect:backagain
note "in a pipeline, and in the background until it wants to read"
type_at_shell 'send:reevectl run -- sh -c '"'"'echo pi""ped; exit 2'"'"' | cat; echo rc""=${PIPESTATUS[0]}\n' expect:piped expect:rc=2
type_at_shell 'send:reevectl run -- cat & sleep 3; jobs; echo bg""ok; fg\n' expect:Stopped expect:bgok 'send:hello\n' sleep:0.5 \
        'send:\x04' 'expect:status 0'
