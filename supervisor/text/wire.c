#include "supervisor/text/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *wire_buffer_room(WireBuffer *b, size_t want, size_t *ret_room) {
        if (b->start > 0) {
                memmove(b->data, b->data + b->start, b->end - b->start);
                b->end -= b->start;
                b->scanned -= b->start;
                b->start = 0;
        }
        if (b->size - b->end < want) {
                size_t size = b->size ? b->size : 1024;
                char *data;

                while (size - b->end < want)
                        size *= 2;
                data = realloc(b->data, size);
                if (!data)
                        return NULL;
                b->data = data;
                b->size = size;
        }
        *ret_room = b->size - b->end;
        return b->data + b->end;
}

void wire_buffer_added(WireBuffer *b, size_t n) {
        b->end += n;
}

int wire_buffer_next(WireBuffer *b, const char **ret, size_t *ret_length) {
        char *nul = b->end > b->scanned ? memchr(b->data + b->scanned, '\0', b->end - b->scanned) : NULL;
        size_t length = nul ? (size_t) (nul - b->data) - b->start : b->end - b->start;

        if (length > b->max)
                return -EMSGSIZE;
        if (!nul) {
                b->scanned = b->end;
                return 0;
        }
        *ret = b->data + b->start;
        *ret_length = length;
        b->start += length + 1;
        b->scanned = b->start;
        return 1;
}

void wire_buffer_clear(WireBuffer *b) {
        free(b->data);
        *b = (WireBuffer) WIRE_BUFFER_INIT(b->max);
}

/* A member that may be absent or null; anything else of another type is an error. */
static int member_bool(json_t *object, const char *key, bool *ret) {
        json_t *v = json_object_get(object, key);

        if (v && !json_is_boolean(v) && !json_is_null(v))
                return -EPROTO;
        *ret = json_is_true(v);
        return 0;
}

static int member_object(json_t *object, const char *key, json_t **ret) {
        json_t *v = json_object_get(object, key);

        if (v && !json_is_object(v) && !json_is_null(v))
                return -EPROTO;
        *ret = json_is_object(v) ? v : NULL;
        return 0;
}

static json_t *root_parse(const char *text, size_t length) {
        json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);

        if (root && !json_is_object(root)) {
                json_decref(root);
                return NULL;
        }
        return root;
}

int wire_call_parse(WireCall *ret, const char *text, size_t length) {
        WireCall c = { .root = root_parse(text, length) };

        if (!c.root)
                return -EPROTO;
        c.method = json_string_value(json_object_get(c.root, "method"));
        if (!c.method || member_object(c.root, "parameters", &c.parameters) < 0 ||
            member_bool(c.root, "more", &c.more) < 0 || member_bool(c.root, "oneway", &c.oneway) < 0) {
                json_decref(c.root);
                return -EPROTO;
        }
        *ret = c;
        return 0;
}

void wire_call_clear(WireCall *c) {
        json_decref(c->root);
        *c = (WireCall) { 0 };
}

int wire_reply_parse(WireReply *ret, const char *text, size_t length) {
        WireReply r = { .root = root_parse(text, length) };
        json_t *error;

        if (!r.root)
                return -EPROTO;
        error = json_object_get(r.root, "error");
        r.error = json_string_value(error);
        if ((error && !r.error && !json_is_null(error)) || member_object(r.root, "parameters", &r.parameters) < 0 ||
            member_bool(r.root, "continues", &r.continues) < 0) {
                json_decref(r.root);
                return -EPROTO;
        }
        *ret = r;
        return 0;
}

void wire_reply_clear(WireReply *r) {
        json_decref(r->root);
        *r = (WireReply) { 0 };
}

/* Method and error names are ours or checked: dots, letters and digits. They need no escaping. */
char *wire_call_compose(const char *method, const char *parameters, bool more, size_t *ret_length) {
        size_t size = strlen(method) + (parameters ? strlen(parameters) : 2) + 64;
        char *text = malloc(size);
        Strbuf b = { .data = text, .size = size };

        if (!text)
                return NULL;
        strbuf_printf(&b, "{\"method\":\"%s\",\"parameters\":", method);
        strbuf_puts(&b, parameters ? parameters : "{}");
        strbuf_puts(&b, more ? ",\"more\":true}" : "}");
        *ret_length = b.length;
        return text;
}

char *wire_reply_compose(const char *error, const char *parameters, bool continues, size_t *ret_length) {
        size_t size = (error ? strlen(error) : 0) + (parameters ? strlen(parameters) : 2) + 64;
        char *text = malloc(size);
        Strbuf b = { .data = text, .size = size };

        if (!text)
                return NULL;
        strbuf_puts(&b, "{");
        if (error)
                strbuf_printf(&b, "\"error\":\"%s\",", error);
        strbuf_puts(&b, "\"parameters\":");
        strbuf_puts(&b, parameters ? parameters : "{}");
        strbuf_puts(&b, continues ? ",\"continues\":true}" : "}");
        *ret_length = b.length;
        return text;
}
