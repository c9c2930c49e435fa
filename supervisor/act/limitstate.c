#include "supervisor/act/limitstate.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/text/escape.h"

static void boot_id_read(char buf[static 40]) {
        _cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, buf, 39) : 0;

        buf[n > 0 ? n : 0] = '\0';
        buf[strcspn(buf, "\n")] = '\0';
}

LimitEntry *limitstate_find(const LimitState *s, uint64_t id) {
        for (LimitEntry *e = s->entries; e; e = e->next)
                if (e->id == id)
                        return e;
        return NULL;
}

LimitEntry *limitstate_add(LimitState *s, uint64_t id, const char *path) {
        LimitEntry *e = calloc(1, sizeof(*e));

        if (!e)
                return NULL;
        e->path = strdup(path);
        if (!e->path) {
                free(e);
                return NULL;
        }
        e->id = id;
        e->next = s->entries;
        s->entries = e;
        s->count++;
        return e;
}

static void entry_free(LimitEntry *e) {
        free(e->path);
        free(e->unit);
        free(e);
}

void limitstate_remove(LimitState *s, LimitEntry *e) {
        for (LimitEntry **p = &s->entries; *p; p = &(*p)->next)
                if (*p == e) {
                        *p = e->next;
                        s->count--;
                        entry_free(e);
                        return;
                }
}

bool limitstate_is_used(const LimitEntry *e) {
        if (e->created || e->frozen)
                return true;
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (e->values[key].changed || e->values[key].set)
                        return true;
        return false;
}

void limitstate_done(LimitState *s) {
        while (s->entries)
                limitstate_remove(s, s->entries);
        free(s->directory);
        *s = (LimitState) { 0 };
}

/* Paths are bytes; in the file they stand in the one escape form of Reeve. */
static json_t *escaped_json(const char *bytes) {
        char text[4 * PATH_MAX + 1];
        Strbuf b = STRBUF_INIT(text);

        escape_bytes(&b, bytes, strlen(bytes));
        return json_stringn(text, b.length);
}

static json_t *value_json(const LimitValue *v) {
        json_t *o = json_object();

        if (v->changed) {
                (void) json_object_set_new(o, "before", json_integer(v->before));
                (void) json_object_set_new(o, "wanted", json_integer(v->wanted));
                (void) json_object_set_new(o, "dropin_before", json_boolean(v->dropin_before));
                if (v->lever || v->lever_over) {
                        (void) json_object_set_new(o, "lever", json_true());
                        (void) json_object_set_new(o, "incident", json_integer((json_int_t) v->lever_incident));
                }
        }
        if (v->set) {
                (void) json_object_set_new(o, "set", json_integer(v->set_value.value));
                (void) json_object_set_new(o, "set_permyriad", json_integer(v->set_value.percent ? (json_int_t) v->set_value.permyriad : -1));
                (void) json_object_set_new(o, "set_risk", json_boolean(v->set_risk));
        }
        return o;
}

static json_t *entry_json(const LimitEntry *e) {
        json_t *o = json_object(), *values = json_object();

        (void) json_object_set_new(o, "id", json_integer((json_int_t) e->id));
        (void) json_object_set_new(o, "path", escaped_json(e->path));
        (void) json_object_set_new(o, "unit", e->unit ? escaped_json(e->unit) : json_null());
        (void) json_object_set_new(o, "created", json_boolean(e->created));
        (void) json_object_set_new(o, "frozen", json_boolean(e->frozen));
        (void) json_object_set_new(o, "adjust_all", json_boolean(e->adjust_of == BUDGET_ADJUST_ALL));
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (e->values[key].changed || e->values[key].set)
                        (void) json_object_set_new(values, limit_key_to_string(key), value_json(&e->values[key]));
        (void) json_object_set_new(o, "values", values);
        return o;
}

static int file_replace(const char *directory, const char *text) {
        _cleanup_close_ int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
        size_t length = strlen(text);
        ssize_t n;

        if (dir < 0)
                return -errno;
        fd = openat(dir, "limits.json.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        for (size_t done = 0; done < length; done += (size_t) n) {
                n = write(fd, text + done, length - done);
                if (n < 0)
                        return -errno;
        }
        if (fsync(fd) < 0 || renameat(dir, "limits.json.new", dir, "limits.json") < 0 || fsync(dir) < 0)
                return -errno;
        return 0;
}

int limitstate_save(const LimitState *s) {
        json_t *root, *entries;
        char boot_id[40];
        char *text;
        int r;

        if (!s->directory)
                return 0;
        root = json_object();
        entries = json_array();
        boot_id_read(boot_id);
        (void) json_object_set_new(root, "boot_id", json_string(boot_id));
        for (const LimitEntry *e = s->entries; e; e = e->next)
                if (limitstate_is_used(e))
                        (void) json_array_append_new(entries, entry_json(e));
        (void) json_object_set_new(root, "cgroups", entries);
        text = json_dumps(root, JSON_INDENT(1));
        json_decref(root);
        if (!text)
                return -ENOMEM;
        r = file_replace(s->directory, text);
        free(text);
        return r;
}

static int64_t integer(const json_t *o, const char *key, int64_t otherwise) {
        const json_t *v = json_object_get(o, key);

        return json_is_integer(v) ? (int64_t) json_integer_value(v) : otherwise;
}

static void value_load(LimitValue *v, const json_t *o) {
        if (json_object_get(o, "before")) {
                v->changed = true;
                v->before = integer(o, "before", LIMIT_MAX);
                v->wanted = integer(o, "wanted", LIMIT_MAX);
                v->dropin_before = json_is_true(json_object_get(o, "dropin_before"));
                v->lever_over = json_is_true(json_object_get(o, "lever"));
                v->lever_incident = (uint64_t) integer(o, "incident", 0);
        }
        if (json_object_get(o, "set")) {
                int64_t permyriad = integer(o, "set_permyriad", -1);

                v->set = true;
                v->set_value = (BudgetValue) {
                        .value = integer(o, "set", LIMIT_MAX),
                        .percent = permyriad >= 0,
                        .permyriad = permyriad >= 0 ? (uint32_t) permyriad : 0,
                };
                v->set_risk = json_is_true(json_object_get(o, "set_risk"));
        }
}

/* The bytes that a text of the file stands for, or NULL. */
static char *unescaped(const json_t *text) {
        char buf[PATH_MAX];

        if (!json_is_string(text) || escape_undo(buf, sizeof(buf), json_string_value(text), NULL) < 0)
                return NULL;
        return strdup(buf);
}

static int entry_load(LimitState *s, const json_t *o) {
        _cleanup_free_ char *path = unescaped(json_object_get(o, "path"));
        const json_t *values = json_object_get(o, "values");
        LimitEntry *e;

        if (!path || *path != '/' || integer(o, "id", 0) <= 0)
                return -EBADMSG;
        e = limitstate_add(s, (uint64_t) integer(o, "id", 0), path);
        if (!e)
                return -ENOMEM;
        e->unit = unescaped(json_object_get(o, "unit"));
        e->created = json_is_true(json_object_get(o, "created"));
        e->frozen = json_is_true(json_object_get(o, "frozen"));
        e->adjust_of = json_is_true(json_object_get(o, "adjust_all")) ? BUDGET_ADJUST_ALL : BUDGET_ADJUST_MAIN;
        for (int key = 0; key < LIMIT_KEYS; key++) {
                const json_t *v = json_object_get(values, limit_key_to_string(key));

                if (v)
                        value_load(&e->values[key], v);
        }
        return 0;
}

static int root_load(LimitState *s, const json_t *root) {
        const json_t *entries = json_object_get(root, "cgroups"), *boot = json_object_get(root, "boot_id");
        char boot_id[40];
        int r = 0;

        if (!json_is_array(entries) || !json_is_string(boot))
                return -EBADMSG;
        boot_id_read(boot_id);
        if (strcmp(json_string_value(boot), boot_id) != 0)
                return 0;
        /* From the last, since each goes in front. */
        for (size_t i = json_array_size(entries); i-- > 0 && r == 0;)
                r = entry_load(s, json_array_get(entries, i));
        return r;
}

int limitstate_load(LimitState *ret, const char *directory) {
        char path[PATH_MAX], aside[PATH_MAX];
        LimitState s = { 0 };
        json_error_t error;
        json_t *root;
        int r;

        s.directory = strdup(directory);
        if (!s.directory)
                return -ENOMEM;
        if (snprintf(path, sizeof(path), "%s/limits.json", directory) >= (int) sizeof(path) ||
            snprintf(aside, sizeof(aside), "%s/limits.json.damaged", directory) >= (int) sizeof(aside)) {
                limitstate_done(&s);
                return -ENAMETOOLONG;
        }
        if (access(path, F_OK) < 0) {
                *ret = s;
                return 0;
        }
        root = json_load_file(path, 0, &error);
        r = root ? root_load(&s, root) : -EBADMSG;
        json_decref(root);
        if (r == -EBADMSG) {
                (void) rename(path, aside);
                r = 0;
        }
        if (r < 0) {
                limitstate_done(&s);
                return r;
        }
        *ret = s;
        return 0;
}
