/* A question held against a record that is not in the ledger yet: as ledger-query.c, without SQL. */
#include <string.h>

#include "policies/path.h"
#include "supervisor/base/fd.h"
#include "supervisor/ledger/ledger-private.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/facts.h"

static bool cgroup_matches(const LedgerQuery *q, const Facts *f) {
        for (size_t i = 0; i < f->n_places; i++) {
                const RecordPlace *p = &f->places[i];
                bool below = p->path && path_is_below(p->path, q->cgroup);

                if (below && (p->id >= q->cgroup_from_id || (p->id == 0 && q->cgroup_unnamed)))
                        return true;
                if (q->cgroup_from_id && p->id == q->cgroup_from_id)
                        return true;
        }
        return false;
}

static bool id_matches(const LedgerQuery *q, const Facts *f) {
        for (size_t i = 0; i < f->n_places; i++)
                if (f->places[i].id == q->cgroup_id)
                        return true;
        return false;
}

static bool victim_matches(const LedgerQuery *q, const Facts *f) {
        json_t *at = json_object_get(f->root, "boottime_usec");

        if (json_is_integer(at) && (uint64_t) json_integer_value(at) + 1000000 < q->victim_start_usec)
                return false;
        return facts_have_victim(f, q->victim_pid, q->victim_start_usec);
}

static bool container_matches(const LedgerQuery *q, const Facts *f) {
        const char *id = json_string_value(json_object_get(json_object_get(f->root, "identity"), "container_id"));

        return id && strncmp(id, q->container, strlen(q->container)) == 0;
}

static bool named_matches(const LedgerQuery *q, const Facts *f) {
        static const char *const names[] = { "unit", "pod", "container", "container_id" };
        const json_t *identity = json_object_get(f->root, "identity");
        char spelled[1024];
        Strbuf b = STRBUF_INIT(spelled);

        escape_text(&b, q->named);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *name = json_string_value(json_object_get(identity, names[i]));

                if (name && (strcmp(name, q->named) == 0 || strcmp(name, spelled) == 0))
                        return true;
        }
        return false;
}

static bool facts_match(const LedgerQuery *q, const RecordMeta *meta, const Facts *f) {
        if (q->for_reader && meta->owner_uid != (int64_t) q->reader_uid && !facts_have_uid(f, q->reader_uid))
                return false;
        return (!q->boot_id || (f->boot_id && strcmp(f->boot_id, q->boot_id) == 0)) &&
               (!q->key || (f->key && strcmp(f->key, q->key) == 0)) && (!q->victim_pid || victim_matches(q, f)) &&
               (!q->container || container_matches(q, f)) && (!q->cgroup || cgroup_matches(q, f)) &&
               (!q->cgroup_id || id_matches(q, f)) && (!q->named || named_matches(q, f));
}

bool ledger_query_matches(const LedgerQuery *q, const LedgerRow *row) {
        const RecordMeta *m = &row->meta;
        Facts f;
        bool r;

        if ((q->types && !(q->types & UINT32_C(1) << m->type)) || (q->since_usec && m->time_usec < q->since_usec) ||
            (q->until_usec && m->time_usec >= q->until_usec) || m->seq <= q->after_seq || (q->of_seq && m->of_seq != q->of_seq))
                return false;
        if (!q->for_reader && !q->boot_id && !q->key && !q->victim_pid && !q->container && !q->cgroup && !q->cgroup_id &&
            !q->named)
                return true;
        if (facts_parse(&f, row->json, row->length) < 0)
                return false;
        r = facts_match(q, m, &f);
        facts_clear(&f);
        return r;
}
