#include "supervisor/host/ringformats.h"

#include <errno.h>
#include <event-parse.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/pagestore.h"
#include "supervisor/host/ringformats-private.h"

static const char *const field_names[] = {
#define X(name) [F_##name] = #name,
        FIELDS(X)
#undef X
};

/* How the names of their events begin. */
static const char *const beginnings[FORMAT_KINDS] = {
        [FORMAT_KILL] = "kill_",
        [FORMAT_VICTIM] = "victim_",
        [FORMAT_DONE] = "done_",
        [FORMAT_GROUP] = "group_",
        [FORMAT_SELF] = "self_",
        [FORMAT_SIGNAL] = "signal_generate",
        [FORMAT_MKDIR] = "cgroup_mkdir",
        [FORMAT_RMDIR] = "cgroup_rmdir",
};

/* "i7" -> F_i0 + 7 and the like; -1 for a name nobody asks for. */
static int field_index(const char *name) {
        static const struct {
                char letter;
                int first, count;
        } rows[] = {
                { 'i', F_i0, EVIDENCE_ANCESTORS_MAX },
                { 'n', F_n0, EVIDENCE_LEVELS_MAX + 1 },
                { 'u', F_u0, EVIDENCE_LEVELS_MAX + 1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(field_names); i++)
                if (strcmp(field_names[i], name) == 0)
                        return (int) i;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char *end;

                if (name[0] != rows[i].letter || name[1] < '0' || name[1] > '9')
                        continue;
                unsigned long n = strtoul(name + 1, &end, 10);
                return *end == '\0' && n < (unsigned long) rows[i].count ? rows[i].first + (int) n : -1;
        }
        return -1;
}

static void take_field(Format *format, const struct tep_format_field *f) {
        int index = field_index(f->name);

        if (index < 0 || f->size <= 0 || f->size > UINT8_MAX || f->offset < 0 || f->offset > UINT16_MAX)
                return;
        format->fields[index] = (Field){
                .offset = (uint16_t) f->offset,
                .size = (uint8_t) f->size,
                .is_signed = (f->flags & TEP_FIELD_IS_SIGNED) != 0,
                .is_dynamic = (f->flags & TEP_FIELD_IS_DYNAMIC) != 0,
        };
}

static int take_format(RingFormats *formats, struct tep_handle *tep, const char *text, size_t length) {
        struct tep_event *event = NULL;

        if (tep_parse_format(tep, &event, text, length, "reeve") != 0 || !event)
                return -EINVAL;
        for (size_t i = 0; i < FORMAT_KINDS; i++) {
                if (strncmp(event->name, beginnings[i], strlen(beginnings[i])) != 0)
                        continue;
                formats->formats[i].id = event->id;
                for (const struct tep_format_field *f = event->format.fields; f; f = f->next)
                        take_field(&formats->formats[i], f);
                break;
        }
        return 0;
}

/* Where the next format begins: a line "name: ...". */
static const char *next_format(const char *text, const char *end) {
        for (const char *p = text + 1; p + 6 < end; p++)
                if (p[-1] == '\n' && memcmp(p, "name: ", 6) == 0)
                        return p;
        return end;
}

int ringformats_new(RingFormats **ret, const char *text, size_t length) {
        const char *end = text + length;
        struct tep_handle *tep = tep_alloc();
        RingFormats *f = calloc(1, sizeof(*f));
        int r = 0;

        if (!tep || !f) {
                tep_free(tep);
                free(f);
                return -ENOMEM;
        }
        tep_set_loglevel(TEP_LOG_NONE);
        tep_set_long_size(tep, sizeof(long));
        tep_set_page_size(tep, PAGE_BYTES);
        for (size_t i = 0; i < FORMAT_KINDS; i++)
                f->formats[i].id = -1;
        while (r == 0 && text < end) {
                const char *next = next_format(text, end);

                r = take_format(f, tep, text, (size_t) (next - text));
                text = next;
        }
        tep_free(tep);
        if (r < 0)
                return ringformats_free(f), r;
        *ret = f;
        return 0;
}

RingFormats *ringformats_free(RingFormats *f) {
        free(f);
        return NULL;
}
