#include "supervisor/server/call.h"

#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/server/call-private.h"
#include "supervisor/text/escape.h"

ServerCall *call_new(Session *c, bool more, bool oneway) {
        ServerCall *call = calloc(1, sizeof(*call));

        if (!call) {
                session_kill(c);
                return NULL;
        }
        *call = (ServerCall) { .session = c, .peer = c->peer, .more = more, .oneway = oneway };
        c->call = call;
        return call;
}

const ServerPeer *server_call_peer(const ServerCall *call) {
        return &call->peer;
}

void server_call_restrict(const ServerCall *call, LedgerQuery *q) {
        q->for_reader = !call->peer.reads_all;
        q->reader_uid = call->peer.uid;
}

/* Sends the one reply of @call and lets the session go on. */
static void call_end(ServerCall *call, const char *error, const char *parameters) {
        Session *c = call->session;
        const char *parts[] = { "{\"error\":\"", error, "\",", "\"parameters\":", parameters ? parameters : "{}", "}", NULL };

        if (c) {
                c->call = NULL;
                if (!call->oneway) {
                        if (!error) {
                                parts[0] = "{";
                                parts[1] = parts[2] = "";
                        }
                        session_send_parts(c, parts);
                }
                session_ready(c);
        }
        free(call);
}

void server_reply(ServerCall *call, const char *parameters) {
        call_end(call, NULL, parameters);
}

/* {@member: @text} as text, to be freed. */
static char *object_text(const char *member, const char *text, size_t length) {
        json_t *object = json_pack("{s:s%}", member, text, length);
        char *dumped = object ? json_dumps(object, JSON_COMPACT) : NULL;

        json_decref(object);
        return dumped;
}

void server_reply_text(ServerCall *call, const char *member, const char *text, size_t length) {
        _cleanup_free_ char *dumped = object_text(member, text, length);

        server_reply(call, dumped);
}

void server_continue_text(ServerCall *call, const char *member, const char *text, size_t length) {
        _cleanup_free_ char *dumped = object_text(member, text, length);
        const char *parts[] = { "{\"parameters\":", dumped ? dumped : "{}", ",\"continues\":true}", NULL };

        if (call->session && !call->oneway)
                session_send_parts(call->session, parts);
}

bool server_call_gone(const ServerCall *call) {
        return !call->session || call->session->dead;
}

size_t server_call_unsent(const ServerCall *call) {
        return call->session ? session_unsent(call->session) : 0;
}

void server_fail(ServerCall *call, const char *error, const char *parameters) {
        char name[128];
        Strbuf b = STRBUF_INIT(name);

        if (!strchr(error, '.'))
                strbuf_puts(&b, WIRE_INTERFACE ".");
        strbuf_puts(&b, error);
        call_end(call, name, parameters);
}

void call_fail_with(ServerCall *call, const char *error, const char *member, const char *text) {
        char escaped[1024];
        Strbuf b = STRBUF_INIT(escaped);
        json_t *object = json_pack("{s:s}", member, text);
        _cleanup_free_ char *dumped = NULL;

        if (!object) {
                escape_text(&b, text);
                object = json_pack("{s:s}", member, escaped);
        }
        dumped = object ? json_dumps(object, JSON_COMPACT) : NULL;

        json_decref(object);
        server_fail(call, error, dumped);
}

void server_fail_text(ServerCall *call, const char *error, const char *text) {
        call_fail_with(call, error, strcmp(error, "NotFound") == 0 ? "what" : "reason", text);
}

void call_refuse(ServerCall *call, const char *name) {
        call_fail_with(call, WIRE_SERVICE ".InvalidParameter", "parameter", name);
}
