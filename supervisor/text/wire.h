#pragma once
/* The wire: Varlink messages, each one JSON object followed by a NUL byte. Bounded on both sides: a peer that sends
 * more than its bound without a NUL is an error, not a growing buffer. */
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "supervisor/base/strbuf.h"

enum {
        WIRE_REQUEST_MAX = 64 << 10,    /* longest call a server takes */
        WIRE_REPLY_MAX = 64 << 20,      /* longest reply a client takes */
};

#define WIRE_INTERFACE "io.reeve.Supervisor"
#define WIRE_SERVICE "org.varlink.service"

/* Bytes that came in and are not yet taken as messages. */
typedef struct WireBuffer {
        char *data;
        size_t start, end, size;        /* unread bytes are [start, end); allocated size */
        size_t scanned;                 /* no NUL in [start, scanned) */
        size_t max;                     /* longest message taken */
} WireBuffer;

#define WIRE_BUFFER_INIT(maximum) { .max = (maximum) }

/* Makes room for at least @want bytes behind those held. Returns where to write, with *@ret_room >= @want; NULL: no
 * memory. wire_buffer_added() tells how many were written. */
char *wire_buffer_room(WireBuffer *b, size_t want, size_t *ret_room);

/* Counts @n bytes written to the place wire_buffer_room() gave. */
void wire_buffer_added(WireBuffer *b, size_t n);

/* Takes the next whole message. Returns 1 with *@ret (NUL-terminated, in the buffer, valid until the next call on it)
 * and *@ret_length, 0 when there is none yet, -EMSGSIZE when what came is longer than the buffer's maximum. */
int wire_buffer_next(WireBuffer *b, const char **ret, size_t *ret_length);

/* Frees the memory; @b may be used again. */
void wire_buffer_clear(WireBuffer *b);

/* A call as it came in. */
typedef struct WireCall {
        json_t *root;                   /* owns what the others point to */
        const char *method;
        json_t *parameters;             /* an object, or NULL when there were none */
        bool more, oneway;
} WireCall;

/* Understands one call, {"method":"io.reeve.Supervisor.Status","parameters":{},"more":true}. Returns 0 or -EPROTO. */
int wire_call_parse(WireCall *ret, const char *text, size_t length);

/* Frees what a parsed call holds; a cleared or zero one is fine. */
void wire_call_clear(WireCall *c);

/* A reply as it came in. */
typedef struct WireReply {
        json_t *root;
        const char *error;              /* NULL: none */
        json_t *parameters;             /* an object, or NULL */
        bool continues;
} WireReply;

/* Understands one reply. Returns 0 or -EPROTO. */
int wire_reply_parse(WireReply *ret, const char *text, size_t length);

/* Frees what a parsed reply holds; a cleared or zero one is fine. */
void wire_reply_clear(WireReply *r);

/* Composes a call. @parameters is a JSON object text or NULL. Returns malloc'ed text without the NUL that ends it on
 * the wire counted (send length + 1 bytes), or NULL: no memory. */
char *wire_call_compose(const char *method, const char *parameters, bool more, size_t *ret_length);

/* Composes a reply likewise. @error NULL: a good one. @parameters is a JSON object text or NULL. */
char *wire_reply_compose(const char *error, const char *parameters, bool continues, size_t *ret_length);

/* The interface in Varlink's language: what GetInterfaceDescription returns and what is installed. NULL: unknown. */
const char *wire_interface_text(const char *interface);
