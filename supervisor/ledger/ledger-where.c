/* From a question to a WHERE. Every value goes in by a parameter, never into the text of a statement. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/ledger/ledger-private.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/facts.h"

static void where_number(Where *w, const char *condition, int64_t v) {
        strbuf_puts(&w->text, condition);
        w->binds[w->n++].number = v;
}

static void where_text(Where *w, const char *condition, const char *v) {
        strbuf_puts(&w->text, condition);
        w->binds[w->n++].text = v;
}

void ledger_range_free(PathRange *p) {
        free(p->path);
        free(p->folder);
        free(p->beyond);
}

static int range_make(PathRange *p, const char *path) {
        size_t n = strlen(path);

        while (n > 0 && path[n - 1] == '/')
                n--;
        if (asprintf(&p->path, "%.*s", (int) n, path) < 0)
                p->path = NULL;
        if (asprintf(&p->folder, "%.*s/", (int) n, path) < 0)
                p->folder = NULL;
        if (asprintf(&p->beyond, "%.*s0", (int) n, path) < 0)
                p->beyond = NULL;
        return p->path && p->folder && p->beyond ? 0 : -ENOMEM;
}

static void where_reader(Where *w, const LedgerQuery *q) {
        if (!q->for_reader)
                return;
        where_number(w, " AND (owner = ?", q->reader_uid);
        where_number(w, " OR EXISTS (SELECT 1 FROM reader WHERE reader.seq = record.seq AND uid = ?)"
                        " OR (of_seq IS NOT NULL AND EXISTS (SELECT 1 FROM record AS base WHERE base.seq = record.of_seq"
                        " AND base.owner = ?)))", q->reader_uid);
        w->binds[w->n++].number = q->reader_uid;
}

/* Most records are told from it by their text, without reading it as JSON. */
static void where_named(Where *w, const LedgerQuery *q, PathRange *range) {
        static const char of_identity[] = " IN (json_extract(json, '$.identity.unit'), json_extract(json, '$.identity.pod'),"
                                          " json_extract(json, '$.identity.container'), json_extract(json, '$.identity.container_id'))";
        Strbuf b = STRBUF_INIT(range->named);

        if (!q->named)
                return;
        escape_text(&b, q->named);
        (void) snprintf(range->needle, sizeof(range->needle), "%.*s", (int) strcspn(q->named, "\\\"/"), q->named);
        where_text(w, " AND instr(json, ?) > 0", range->needle);
        where_text(w, " AND (?", q->named);
        strbuf_puts(&w->text, of_identity);
        where_text(w, " OR ?", range->named);
        strbuf_puts(&w->text, of_identity);
        strbuf_puts(&w->text, ")");
}

static void where_victim(Where *w, const LedgerQuery *q) {
        if (!q->victim_pid)
                return;
        where_number(w, " AND instr(json, '\"pid\":' || ?) > 0", q->victim_pid);
        /* A kill has a list of victims, a sigkill one `victim`. */
        where_number(w, " AND EXISTS (SELECT 1 FROM json_each(coalesce(json_extract(record.json, '$.victims'),"
                        " json_array(json_extract(record.json, '$.victim')))) AS v WHERE json_extract(v.value, '$.pid') = ?",
                     q->victim_pid);
        /* To the tick, as facts_have_victim(). */
        where_number(w, " AND (? = 0", (int64_t) q->victim_start_usec);
        where_number(w, " OR coalesce(json_extract(v.value, '$.start_usec') / 10000 = ?, 1)))",
                     (int64_t) (q->victim_start_usec / FACTS_TICK_USEC));
        /* Another had this pid before. */
        where_number(w, " AND coalesce(json_extract(record.json, '$.boottime_usec') + 1000000 >= ?, 1)", (int64_t) q->victim_start_usec);
}

static void where_cgroup(Where *w, const LedgerQuery *q, const PathRange *range) {
        where_text(w, " AND seq IN (SELECT seq FROM concern WHERE (path = ?", range->path);
        where_text(w, " OR (path >= ?", range->folder);
        where_text(w, " AND path < ?))", range->beyond);
        if (q->cgroup_from_id) {
                where_number(w, " AND (id >= ?", (int64_t) q->cgroup_from_id);
                where_number(w, " OR (id = 0 AND ?)) OR id = ?", q->cgroup_unnamed);
                w->binds[w->n++].number = (int64_t) q->cgroup_from_id;
        }
        strbuf_puts(&w->text, ")");
}

int ledger_where(Where *w, const LedgerQuery *q, PathRange *range) {
        if (q->cgroup && range_make(range, q->cgroup) < 0)
                return -ENOMEM;
        memset(w, 0, sizeof(*w));
        w->text = (Strbuf) STRBUF_INIT(w->room);
        strbuf_puts(&w->text, " WHERE 1");
        if (q->types)
                where_number(w, " AND (1 << type) & ?", q->types);
        if (q->since_usec)
                where_number(w, " AND time >= ?", (int64_t) q->since_usec);
        if (q->until_usec)
                where_number(w, " AND time < ?", (int64_t) q->until_usec);
        if (q->after_seq)
                where_number(w, " AND seq > ?", (int64_t) q->after_seq);
        if (q->of_seq)
                where_number(w, " AND of_seq = ?", (int64_t) q->of_seq);
        if (q->key)
                where_text(w, " AND key = ?", q->key);
        if (q->boot_id)
                where_text(w, " AND boot = ?", q->boot_id);
        /* Before what looks into texts: they are not read in vain. */
        where_reader(w, q);
        where_victim(w, q);
        where_named(w, q, range);
        if (q->container)
                where_text(w, " AND instr(json_extract(json, '$.identity.container_id'), ?) = 1", q->container);
        if (range->path)
                where_cgroup(w, q, range);
        if (q->cgroup_id)
                where_number(w, " AND seq IN (SELECT seq FROM concern WHERE id = ?)", (int64_t) q->cgroup_id);
        return w->text.truncated ? -E2BIG : 0;
}

void ledger_where_bind(const Where *w, sqlite3_stmt *s) {
        for (int i = 0; i < w->n; i++)
                if (w->binds[i].text)
                        (void) sqlite3_bind_text(s, i + 1, w->binds[i].text, -1, SQLITE_STATIC);
                else
                        (void) sqlite3_bind_int64(s, i + 1, w->binds[i].number);
}
