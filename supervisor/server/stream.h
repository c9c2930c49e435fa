#pragma once
/* ListRecords: a cursor that walks through the ledger, then through what is published but not committed yet, and then,
 * when it follows, takes each record as it is published. Whenever the reader is slow it goes back to the ledger. */
#include "supervisor/server/session.h"

/* Begins ListRecords; the stream answers for itself. */
void stream_begin(Session *c, json_t *parameters, bool more, bool oneway);

/* The session goes: the stream is freed now, or when the ledger has answered. */
void stream_detach(Stream *t);

/* The peer has taken all bytes: a list that waited goes on. */
void stream_writable(Stream *t);

/* One record was published, resp. committed up to @seq, resp. 30 s have gone by. */
void stream_publish(Stream *t, const RecordMeta *meta, const char *json, size_t length);
void stream_committed(Stream *t, uint64_t seq);
void stream_heartbeat(Stream *t);
