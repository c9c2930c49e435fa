/* Captures read: sections, their heads, and what each reading is told against. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/array.h"
#include "supervisor/base/idmap.h"
#include "supervisor/text/capture-private.h"
#include "supervisor/text/capturereading.h"
#include "supervisor/text/escape.h"

enum { FILES_MAX = 1024 };

struct CaptureReader {
        const char *p, *end;
        uint64_t line;
        bool begun;                     /* a section is */
        int over;                       /* 0: not yet; 1: the end was met; -errno */
        CaptureHead head;
        Idmap groups;                   /* id -> 1 + index of what was last read of it */
        Reading *last;
        size_t n_last, size_last;
        Reading before, seen;           /* of the lines h and m that follow one another */
        uint64_t before_id;             /* 0: none */
        bool stated;                    /* a line j, and nothing but lines m and t since */
        bool listing;                   /* a line k, and nothing but lines a since */
};

int capture_reader_new(CaptureReader **ret, const char *text, size_t length) {
        CaptureReader *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        r->p = text;
        r->end = text + length;
        *ret = r;
        return 0;
}

static void head_clear(CaptureHead *h) {
        for (size_t i = 0; i < h->n_files; i++) {
                char *name = (char *) (uintptr_t) h->files[i].name, *text = (char *) (uintptr_t) h->files[i].text;

                free(name);
                free(text);
        }
        free(h->files);
        *h = (CaptureHead) { .files = NULL };
}

CaptureReader *capture_reader_free(CaptureReader *r) {
        if (!r)
                return NULL;
        head_clear(&r->head);
        idmap_clear(&r->groups);
        free(r->last);
        free(r);
        return NULL;
}

const CaptureHead *capture_head(const CaptureReader *r) {
        return r->begun ? &r->head : NULL;
}

static int fail(CaptureReader *r, CaptureError *e, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fail(CaptureReader *r, CaptureError *e, const char *format, ...) {
        va_list ap;

        e->line = r->line;
        va_start(ap, format);
        (void) vsnprintf(e->text, sizeof(e->text), format, ap);
        va_end(ap);
        r->over = -EINVAL;
        return r->over;
}

/* The next line without its newline; false at the end. What ends without one was cut in the middle: it is left out. */
static bool line_next(CaptureReader *r, Cursor *ret) {
        const char *newline = r->p < r->end ? memchr(r->p, '\n', (size_t) (r->end - r->p)) : NULL;

        if (!newline)
                return false;
        *ret = (Cursor) { .p = r->p, .end = newline };
        r->p = newline + 1;
        r->line++;
        return true;
}

/* ---- the head ---- */

/* The next line, which must begin with @name; leaves what follows it. */
static bool head_line(CaptureReader *r, const char *name, Cursor *ret) {
        return line_next(r, ret) && cursor_word(ret, name);
}

static bool head_word(CaptureReader *r, const char *name, char *ret, size_t size) {
        Cursor c;

        return head_line(r, name, &c) && capture_take_word(&c, ret, size) && c.p == c.end;
}

static bool head_number(CaptureReader *r, const char *name, int64_t *ret) {
        Cursor c;

        return head_line(r, name, &c) && capture_take_signed(&c, ret) && c.p == c.end;
}

static bool head_name(CaptureReader *r, const char *name, char *ret, size_t size) {
        Cursor c;

        return head_line(r, name, &c) && capture_take_name(&c, ret, size);
}

static bool starts(const CaptureReader *r, const char *word) {
        return (size_t) (r->end - r->p) >= strlen(word) && memcmp(r->p, word, strlen(word)) == 0;
}

/* Behind the lines that begin with '|'; NULL where the last of them has no end. */
static const char *file_end(const CaptureReader *r) {
        const char *p = r->p;

        while (p && p < r->end && *p == '|') {
                p = memchr(p, '\n', (size_t) (r->end - p));
                p = p ? p + 1 : NULL;
        }
        return p;
}

/* The lines of one file, joined. NULL: no memory, or a line that is none. */
static char *file_text(CaptureReader *r, size_t *ret_length) {
        const char *end = file_end(r);
        size_t size = end ? (size_t) (end - r->p) + 1 : 0, n = 0;
        char *text = end ? malloc(size) : NULL, *line = NULL;
        Cursor c;

        while (text && r->p < end && line_next(r, &c)) {
                size_t length = 0;

                free(line);
                line = strndup(c.p + 1, (size_t) (c.end - c.p - 1));
                if (!line || escape_undo(text + n, size - n, line, &length) < 0) {
                        free(text);
                        text = NULL;
                        break;
                }
                n += length;
                text[n++] = '\n';
        }
        free(line);
        if (text)
                text[n] = '\0';
        *ret_length = n;
        return text;
}

static bool file_take(CaptureReader *r) {
        CaptureHead *h = &r->head;
        char name[CAPTURE_PATH_SIZE];
        ConfigFile *files, f = { 0 };

        if (h->n_files == FILES_MAX || !head_name(r, "file", name, sizeof(name)))
                return false;
        files = reallocarray(h->files, h->n_files + 1, sizeof(*files));
        if (!files)
                return false;
        h->files = files;
        f.name = strdup(name);
        f.text = f.name ? file_text(r, &f.length) : NULL;
        if (!f.text) {
                char *copy = (char *) (uintptr_t) f.name;

                free(copy);
                return false;
        }
        files[h->n_files++] = f;
        return true;
}

static bool config_take(CaptureReader *r) {
        Cursor c;

        if (!head_line(r, "config", &c) || !capture_take_word(&c, r->head.hash, sizeof(r->head.hash)))
                return false;
        r->head.cut = cursor_word(&c, " cut");
        if (c.p != c.end)
                return false;
        while (starts(r, "file "))
                if (!file_take(r))
                        return false;
        return true;
}

static bool head_take(CaptureReader *r, CaptureHead *h) {
        char mode[16];
        int64_t root, begin;
        int m;

        if (!head_word(r, "boot", h->boot_id, sizeof(h->boot_id)) || !head_number(r, "offset", &h->offset_usec) ||
            !head_number(r, "page", &h->page_size) || !head_word(r, "ledger", h->ledger_id, sizeof(h->ledger_id)) ||
            !head_number(r, "root", &root) || !head_word(r, "mode", mode, sizeof(mode)) ||
            !head_name(r, "init", h->init_path, sizeof(h->init_path)) || !head_name(r, "own", h->own_path, sizeof(h->own_path)) ||
            !config_take(r) || !head_number(r, "begin", &begin))
                return false;
        m = reeve_mode_from_string(mode);
        h->mode = m < 0 ? REEVE_MODE_WATCH : (ReeveMode) m;
        h->root_id = (uint64_t) root;
        h->begin_usec = (uint64_t) begin;
        return m >= 0 && root > 0 && begin >= 0 && h->page_size > 0;
}

/* The magic line was taken. */
static int section_take(CaptureReader *r, CaptureEvent *ret, CaptureError *e) {
        head_clear(&r->head);
        idmap_clear(&r->groups);
        r->n_last = 0;
        r->before_id = 0;
        r->stated = r->listing = false;
        if (!head_take(r, &r->head)) {
                r->begun = false;
                return fail(r, e, "the head of a section is not whole");
        }
        r->begun = true;
        ret->kind = CAPTURE_SECTION;
        ret->time_usec = r->head.begin_usec;
        return 1;
}

/* ---- the lines ---- */

static Reading *last_of(CaptureReader *r, uint64_t id) {
        uint64_t index;

        return id && idmap_get(&r->groups, id, &index) ? &r->last[index - 1] : NULL;
}

static int group_take(CaptureReader *r, Cursor *c, CaptureEvent *ret, CaptureError *e) {
        Reading *last;

        ret->kind = CAPTURE_GROUP;
        if (!capture_take_unsigned(c, &ret->id) || ret->id == 0 || !capture_take_unsigned(c, &ret->parent_id) ||
            !capture_take_name(c, ret->path, sizeof(ret->path)) || ret->path[0] != '/')
                return fail(r, e, "a cgroup is: g ID PARENT /PATH");
        if (last_of(r, ret->id))
                return 1;
        last = array_grow(r->last, r->n_last, &r->size_last, sizeof(*last));
        if (!last)
                return r->over = -ENOMEM;
        r->last = last;
        if (idmap_set(&r->groups, ret->id, r->n_last + 1) < 0)
                return r->over = -ENOMEM;
        last[r->n_last++] = capture_reading_none;
        return 1;
}

/* Lines c, h, i. */
static int look_take(CaptureReader *r, Cursor *c, CaptureEvent *ret, CaptureError *e) {
        CaptureLook *look = &ret->look;
        const Reading *before;
        Reading *last;

        if (!capture_take_unsigned(c, &look->id) || !(last = last_of(r, look->id)))
                return fail(r, e, "a look at a cgroup that was not told of before (g)");
        if (ret->kind != CAPTURE_BEFORE && !capture_line_flags(c, look))
                return fail(r, e, "the flags of a look are letters of kgqbnporH, Sn, Pn, Mn, On, Bn and Cn, or -");
        before = ret->kind == CAPTURE_LAST ? &capture_reading_none : ret->kind == CAPTURE_LOOK ? last
                 : r->before_id == look->id ? &r->before : &capture_reading_none;
        if (!cursor_word(c, " ") || !capture_reading_take(c, before, &look->reading) || c->p != c->end)
                return fail(r, e, "this is no reading");
        if (ret->kind == CAPTURE_BEFORE) {
                r->before = look->reading;
                r->before_id = look->id;
        } else if (!look->gone)
                *last = look->reading;
        return 1;
}

static int seen_take(CaptureReader *r, Cursor *c, CaptureEvent *ret, CaptureError *e) {
        if (!r->stated)
                return fail(r, e, "what a rule has seen follows how it stands (j)");
        if (!cursor_word(c, " ") || !capture_reading_take(c, &r->seen, &ret->look.reading) || c->p != c->end)
                return fail(r, e, "this is no reading");
        r->seen = ret->look.reading;
        return 1;
}

static int members_take(CaptureReader *r, CaptureEvent *ret, CaptureError *e) {
        Cursor members;

        if (!line_next(r, &members) || !cursor_word(&members, "w "))
                return fail(r, e, "behind a decision stands what its record says (w)");
        ret->verdict.members = members.p;
        ret->verdict.members_length = (size_t) (members.end - members.p);
        return 1;
}

static int verdict_take(CaptureReader *r, Cursor *c, CaptureEvent *ret, CaptureError *e) {
        if (!capture_line_verdict(c, ret))
                return fail(r, e, "a decision is: cookie, time, cgroup, victim, action, step, dry, reason, rule");
        return ret->kind == CAPTURE_PENDING ? 1 : members_take(r, ret, e);
}

static int processes_take(CaptureReader *r, Cursor *c, CaptureEvent *ret, CaptureError *e) {
        if (!capture_line_processes(c, ret))
                return fail(r, e, "the look at processes is: cookie, pages in all, how many are open");
        return members_take(r, ret, e);
}

static int process_take(CaptureReader *r, Cursor *c, CaptureEvent *ret, CaptureError *e) {
        if (!r->listing || !capture_line_process(c, ret))
                return fail(r, e, "a process is: pid, start, pages, adj, name; behind a look at processes (k)");
        return 1;
}

static bool kernel_take(Cursor *c, CaptureEvent *ret) {
        return capture_take_unsigned(c, &ret->time_usec) && capture_take_unsigned(c, &ret->id) && capture_take_unsigned(c, &ret->parent_id) &&
               capture_take_name(c, ret->path, sizeof(ret->path));
}

static bool pause_take(Cursor *c, CaptureEvent *ret) {
        if (c->p == c->end)
                return true;
        ret->kind = CAPTURE_PAUSED;
        return capture_take_unsigned(c, &ret->id) && (c->p == c->end || capture_take_name(c, ret->path, sizeof(ret->path)));
}

static int other_take(CaptureReader *r, Cursor *c, char letter, CaptureEvent *ret, CaptureError *e) {
        bool good = false;

        switch (letter) {
        case 'd': good = capture_take_unsigned(c, &ret->id) && c->p == c->end; break;
        case 'z': good = c->p == c->end || (capture_take_unsigned(c, &ret->id) && c->p == c->end); break;
        case 'j': good = capture_line_state(c, ret); break;
        case 't': good = r->stated && capture_line_track(c, ret); break;
        case 'l': good = capture_line_kills(c, ret); break;
        case 'y':
                good = capture_take_unsigned(c, &ret->recent_usec) && capture_take_unsigned(c, &ret->id) &&
                       capture_take_unsigned(c, &ret->bound_id) && c->p == c->end;
                break;
        case 'u': good = pause_take(c, ret); break;
        case 'r': good = capture_line_round(c, ret); break;
        case 'o': good = capture_line_outcome(c, ret); break;
        case 'x': good = kernel_take(c, ret); break;
        case 'L': good = capture_take_unsigned(c, &ret->lost_rounds) && c->p == c->end; break;
        case 'E': good = capture_take_unsigned(c, &ret->time_usec) && capture_take_word(c, ret->word, sizeof(ret->word)) && c->p == c->end; break;
        default: break;
        }
        if (!good)
                return fail(r, e, "a line of kind '%c' that is not whole, or has more than its kind", letter);
        if (letter == 'j' && !last_of(r, ret->state.id))
                return fail(r, e, "a rule on a cgroup that was not told of before (g)");
        r->seen = capture_reading_none;
        return 1;
}

static const struct { char letter; CaptureKind kind; } kinds[] = {
        { 'g', CAPTURE_GROUP },   { 'd', CAPTURE_GONE },    { 'c', CAPTURE_LAST },  { 'h', CAPTURE_BEFORE }, { 'j', CAPTURE_STATE },
        { 'm', CAPTURE_SEEN },    { 't', CAPTURE_TRACK },   { 'l', CAPTURE_KILLS },   { 'y', CAPTURE_RECENT },
        { 'p', CAPTURE_PENDING }, { 'r', CAPTURE_ROUND }, { 'i', CAPTURE_LOOK },
        { 'v', CAPTURE_VERDICT }, { 'k', CAPTURE_PROCESSES }, { 'a', CAPTURE_PROCESS }, { 'o', CAPTURE_OUTCOME }, { 'u', CAPTURE_RESUMED }, { 'z', CAPTURE_ASLEEP }, { 'x', CAPTURE_KERNEL }, { 'L', CAPTURE_LOST },   { 'E', CAPTURE_END },
};

static int line_take(CaptureReader *r, Cursor *c, CaptureEvent *ret, CaptureError *e) {
        char letter = c->p < c->end ? *c->p++ : '\0';
        bool known = false;

        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
                if (kinds[i].letter == letter) {
                        ret->kind = kinds[i].kind;
                        known = true;
                }
        if (!known)
                return fail(r, e, "no line begins like this");
        if (letter != 'm' && letter != 't')
                r->stated = letter == 'j';
        if (letter != 'a')
                r->listing = letter == 'k';
        switch (ret->kind) {
        case CAPTURE_GROUP: return group_take(r, c, ret, e);
        case CAPTURE_LAST:
        case CAPTURE_BEFORE:
        case CAPTURE_LOOK: return look_take(r, c, ret, e);
        case CAPTURE_SEEN: return seen_take(r, c, ret, e);
        case CAPTURE_PENDING:
        case CAPTURE_VERDICT: return verdict_take(r, c, ret, e);
        case CAPTURE_PROCESSES: return processes_take(r, c, ret, e);
        case CAPTURE_PROCESS: return process_take(r, c, ret, e);
        default: return other_take(r, c, letter, ret, e);
        }
}

int capture_next(CaptureReader *r, CaptureEvent *ret, CaptureError *reterr) {
        Cursor c;

        if (r->over)
                return r->over < 0 ? r->over : 0;
        if (!line_next(r, &c)) {
                r->over = 1;
                r->line++;
                return r->begun ? 0 : fail(r, reterr, "this is no capture: it does not begin with \"" CAPTURE_MAGIC "\"");
        }
        *ret = (CaptureEvent) { .kind = CAPTURE_END };
        if (c.end - c.p == sizeof(CAPTURE_MAGIC) - 1 && memcmp(c.p, CAPTURE_MAGIC, sizeof(CAPTURE_MAGIC) - 1) == 0)
                return section_take(r, ret, reterr);
        if (!r->begun && cursor_word(&c, "reeve-capture "))
                return fail(r, reterr, "a capture of another version; this one reads \"" CAPTURE_MAGIC "\"");
        if (!r->begun)
                return fail(r, reterr, "this is no capture: it does not begin with \"" CAPTURE_MAGIC "\"");
        return line_take(r, &c, ret, reterr);
}
