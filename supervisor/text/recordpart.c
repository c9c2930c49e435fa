#include "supervisor/text/recordpart.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "supervisor/text/escape.h"
#include "supervisor/text/human.h"

json_t *record_part_number(int64_t value) {
        return value < 0 ? json_null() : json_integer(value);
}

json_t *record_part_id(uint64_t id) {
        return id == 0 || id > INT64_MAX ? json_null() : json_integer((json_int_t) id);
}

json_t *record_part_word(const char *word) {
        return word ? json_string_nocheck(word) : json_null();
}

json_t *record_part_bytes(const char *s, size_t length) {
        char buffer[16400];
        Strbuf b = STRBUF_INIT(buffer);

        escape_bytes(&b, s, length);
        return json_stringn_nocheck(b.data, b.length);
}

json_t *record_part_text(const char *s) {
        return s ? record_part_bytes(s, strlen(s)) : json_null();
}

json_t *record_part_name(const char *s) {
        return s && s[0] ? record_part_text(s) : json_null();
}

const char *record_part_path(const RecordContext *c, const KillCgroup *cgroup) {
        if (cgroup->path)
                return cgroup->path;
        if (cgroup->id == 0 || !c->sources.path)
                return NULL;
        return c->sources.path(c->sources.userdata, cgroup->id);
}

json_t *record_part_cgroup(const RecordContext *c, const KillCgroup *cgroup) {
        const char *path = record_part_path(c, cgroup);
        json_t *o;

        if (!path && cgroup->id == 0)
                return json_null();
        o = json_object();
        json_object_set_new(o, "path", record_part_text(path));
        json_object_set_new(o, "id", record_part_id(cgroup->id));
        return o;
}

json_t *record_part_identity(const RecordContext *c, uint64_t cgroup_id) {
        const Identity *i = cgroup_id && c->sources.identity ? c->sources.identity(c->sources.userdata, cgroup_id) : NULL;
        json_t *o;

        if (!i)
                return json_null();
        o = json_object();
        json_object_set_new(o, "kind", record_part_word(reeve_identity_kind_to_string((int) i->kind)));
        json_object_set_new(o, "unit", record_part_name(i->unit));
        json_object_set_new(o, "invocation_id", record_part_name(i->invocation_id));
        json_object_set_new(o, "namespace", record_part_name(i->namespace));
        json_object_set_new(o, "pod", record_part_name(i->pod));
        json_object_set_new(o, "pod_uid", record_part_name(i->pod_uid));
        json_object_set_new(o, "container", record_part_name(i->container));
        json_object_set_new(o, "container_id", record_part_name(i->container_id));
        json_object_set_new(o, "runtime", record_part_name(i->runtime));
        json_object_set_new(o, "confidence", json_string_nocheck(i->certain ? "certain" : "claimed"));
        json_object_set_new(o, "owner_uid", record_part_number(i->owner_uid));
        return o;
}

static json_t *moment(int64_t realtime_usec) {
        char text[HUMAN_MOMENT_SIZE];

        return json_string_nocheck(human_rfc3339(realtime_usec, text));
}

json_t *record_part_time(const RecordContext *c, uint64_t boottime_nsec) {
        return moment((int64_t) (boottime_nsec / 1000) + c->realtime_offset_usec);
}

json_t *record_part_limit(int64_t bytes, json_t *unlimited, const char *path) {
        if (bytes == KILL_UNLIMITED) {
                json_array_append_new(unlimited, json_string_nocheck(path));
                return json_null();
        }
        return record_part_number(bytes);
}

static json_t *configuration(const RecordContext *c) {
        json_t *o = json_object();

        json_object_set_new(o, "hash", record_part_text(c->configuration_hash));
        json_object_set_new(o, "rule_at", record_part_text(c->rule_at));
        return o;
}

json_t *record_part_common(const RecordContext *c, ReeveRecordType type, uint64_t boottime_nsec) {
        json_t *o = json_object();
        char id[64];
        Strbuf b = STRBUF_INIT(id);

        if (c->ledger_id)
                strbuf_printf(&b, "%.32s-%" PRIu64, c->ledger_id, c->seq);
        json_object_set_new(o, "schema", json_integer(1));
        json_object_set_new(o, "seq", json_integer((json_int_t) c->seq));
        json_object_set_new(o, "id", c->ledger_id ? record_part_text(id) : json_null());
        json_object_set_new(o, "type", record_part_word(reeve_record_type_to_string((int) type)));
        json_object_set_new(o, "time", record_part_time(c, boottime_nsec));
        json_object_set_new(o, "recorded_time", moment(c->recorded_usec));
        json_object_set_new(o, "boottime_usec", json_integer((json_int_t) (boottime_nsec / 1000)));
        json_object_set_new(o, "boot_id", record_part_text(c->boot_id));
        json_object_set_new(o, "machine_id", record_part_text(c->machine_id));
        json_object_set_new(o, "hostname", record_part_text(c->hostname));
        json_object_set_new(o, "incident", record_part_text(c->incident));
        json_object_set_new(o, "configuration", configuration(c));
        return o;
}

int record_part_finish(Strbuf *out, json_t *o) {
        size_t room = out->size > out->length ? out->size - out->length - 1 : 0;
        size_t n;

        if (!o)
                return -ENOMEM;
        n = json_dumpb(o, out->data + out->length, room, JSON_COMPACT);
        json_decref(o);
        if (n == 0)
                return -ENOMEM;
        if (n > room) {
                if (out->size > 0)
                        out->data[out->length] = '\0';
                return -ENOBUFS;
        }
        out->length += n;
        out->data[out->length] = '\0';
        return 0;
}
