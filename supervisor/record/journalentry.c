#include "supervisor/record/journalentry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <jansson.h>

#include "supervisor/record/messages.h"

#define MESSAGE_ID(type, id) [type] = id,
static const char *const message_ids[] = { REEVE_MESSAGES(MESSAGE_ID) };

/* Values come from records, in which the bytes of users are escaped: no newline can begin another field, and none would,
 * since each field is sent with its length. */
__attribute__((format(printf, 2, 3))) static void field_add(JournalEntry *e, const char *format, ...) {
        char *text;
        va_list ap;
        int n;

        if (e->n == JOURNAL_FIELDS_MAX)
                return;
        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n >= 0)
                e->fields[e->n++] = (struct iovec) { .iov_base = text, .iov_len = (size_t) n };
}

/* Adds @member of @object as field @name where it is a text. */
static void field_text(JournalEntry *e, const char *name, json_t *object, const char *member) {
        const char *text = json_string_value(json_object_get(object, member));

        if (text && text[0])
                field_add(e, "%s=%s", name, text);
}

/* The unit's own log shows the entry. A unit that only its owner's directory names claim is not: anybody could write
 * into another's log so. */
static void unit_add(JournalEntry *e, json_t *identity) {
        const char *kind = json_string_value(json_object_get(identity, "kind"));
        const char *confidence = json_string_value(json_object_get(identity, "confidence"));
        bool user = kind && strcmp(kind, "user_unit") == 0;

        if (!confidence || strcmp(confidence, "certain") != 0) {
                field_text(e, "REEVE_CLAIMED_UNIT", identity, "unit");
                return;
        }
        field_text(e, user ? "USER_UNIT" : "UNIT", identity, "unit");
        field_text(e, user ? "USER_INVOCATION_ID" : "INVOCATION_ID", identity, "invocation_id");
        field_text(e, "REEVE_CONTAINER_ID", identity, "container_id");
        field_text(e, "REEVE_POD", identity, "pod");
        field_text(e, "REEVE_NAMESPACE", identity, "namespace");
}

static void victims_add(JournalEntry *e, json_t *root) {
        json_t *victims = json_object_get(root, "victims");
        json_t *victim = json_array_size(victims) > 0 ? json_array_get(victims, 0) : json_object_get(root, "victim");

        if (json_is_integer(json_object_get(victim, "pid")))
                field_add(e, "OBJECT_PID=%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(victim, "pid")));
        if (json_array_size(victims) > 0)
                field_add(e, "N_PROCESSES=%zu", json_array_size(victims));
}

static bool main_died(json_t *root) {
        json_t *victims = json_object_get(root, "victims");

        for (size_t i = 0; i < json_array_size(victims); i++)
                if (json_is_true(json_object_get(json_array_get(victims, i), "main")))
                        return true;
        return false;
}

static int priority_of(const RecordMeta *meta, json_t *root) {
        const char *event = json_string_value(json_object_get(root, "event"));

        switch (meta->type) {
        case REEVE_RECORD_KILL:
                return main_died(root) ? LOG_ERR : LOG_WARNING;
        case REEVE_RECORD_GAP:
        case REEVE_RECORD_ALERT:
        case REEVE_RECORD_STORM:
                return LOG_WARNING;
        case REEVE_RECORD_SUPERVISOR:
                return event && (strcmp(event, "configuration_refused") == 0 || strcmp(event, "watch_lost") == 0)
                               ? LOG_WARNING
                               : LOG_NOTICE;
        case REEVE_RECORD_VERDICT:
                return LOG_NOTICE;
        case REEVE_RECORD_MORE:
                return LOG_DEBUG;
        default:
                return LOG_INFO;
        }
}

static void fields_make(JournalEntry *e, const RecordMeta *meta, json_t *root, const char *json, size_t length) {
        const char *type = reeve_record_type_to_string(meta->type);

        field_add(e, "MESSAGE=%s", e->message);
        field_add(e, "PRIORITY=%d", e->priority);
        if (meta->type >= 0 && (size_t) meta->type < sizeof(message_ids) / sizeof(*message_ids))
                field_add(e, "MESSAGE_ID=%s", message_ids[meta->type]);
        field_add(e, "SYSLOG_IDENTIFIER=reeved");
        field_add(e, "REEVE_TYPE=%s", type ? type : "unknown");
        field_text(e, "REEVE_ID", root, "id");
        field_text(e, "REEVE_OF", root, "of");
        field_text(e, "CGROUP_PATH", json_object_get(root, "cgroup"), "path");
        field_text(e, "REEVE_LIMIT_CGROUP", json_object_get(root, "limit_cgroup"), "path");
        field_text(e, "REEVE_SCOPE", root, "scope");
        field_text(e, "REEVE_REASON", root, "reason");
        field_text(e, "REEVE_CAUSE", root, "cause");
        field_text(e, "REEVE_EVENT", root, "event");
        field_text(e, "REEVE_CONFIDENCE", root, "confidence");
        victims_add(e, root);
        unit_add(e, json_object_get(root, "identity"));
        field_add(e, "REEVE_RECORD=%.*s", (int) length, json);
}

int journal_entry_make(JournalEntry *ret, const RecordMeta *meta, const char *json, size_t length) {
        json_t *root = json_loadb(json, length, 0, NULL);
        const char *text = json_string_value(json_object_get(root, "text"));
        const char *type = reeve_record_type_to_string(meta->type), *of = NULL;

        if (!json_is_object(root)) {
                json_decref(root);
                return -EBADMSG;
        }
        *ret = (JournalEntry) { .priority = priority_of(meta, root) };
        if (meta->type == REEVE_RECORD_MORE && !text)
                of = json_string_value(json_object_get(root, "of"));
        if (asprintf(&ret->message, "%s%s%s", of ? "More about record " : "", of ? of : text ? text : type ? type : "record", of ? "." : "") < 0)
                ret->message = NULL;
        if (ret->message)
                fields_make(ret, meta, root, json, length);
        json_decref(root);
        if (!ret->message) {
                journal_entry_clear(ret);
                return -ENOMEM;
        }
        return 0;
}

void journal_entry_clear(JournalEntry *e) {
        for (int i = 0; i < e->n; i++)
                free(e->fields[i].iov_base);
        free(e->message);
        *e = (JournalEntry) { 0 };
}
