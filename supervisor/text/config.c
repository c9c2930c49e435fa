#include "supervisor/text/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/text/configini.h"
#include "supervisor/text/configread.h"

enum { TEXT_MAX = 256 << 10 };

/* The Config with what keeps it. */
typedef struct ConfigWhole {
        Config config;
        Pool pool;
        atomic_uint users;
} ConfigWhole;

static void defaults_set(Reader *r, ConfigReeve *c) {
        static const char *const managers[] = { "systemd-oomd.service", "oomd.service", "earlyoom.service",
                                                "nohang.service" };

        *c = (ConfigReeve) {
                .mode = REEVE_MODE_ACT,
                .watch = "/",
                .max_retention_usec = UINT64_C(90) * 86400 * 1000000,
                .max_use_bytes = UINT64_C(1) << 30,
                .keep_records = 1000000,
                .keep_sigkills = 10000,
                .storm_after = { .count = 100000, .per_usec = UINT64_C(86400000000) },
                .max_groups = 65536,
                .kill_limit = { .count = 5, .per_usec = UINT64_C(3600000000) },
                .record_command_line = true,
                .kills_ring_bytes = 128 * 1024,
                .churn_ring_bytes = 64 * 1024,
        };
        for (size_t i = 0; i < ELEMENTSOF(managers); i++)
                config_list_add(r, &c->managers, managers[i]);
}

static void hash_text(uint64_t *hash, const char *s) {
        for (; s && *s; s++)
                *hash = (*hash ^ (unsigned char) *s) * UINT64_C(0x100000001b3);
        *hash = (*hash ^ '\n') * UINT64_C(0x100000001b3);
}

static bool is_name(const char *s) {
        size_t n = strlen(s);

        return n > 0 && n <= 64 &&
               strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

/* What a kind of section is kept as. */
typedef struct SectionKind {
        const char *word;                /* "budget" */
        const ConfigKey *keys;
        size_t size, array, count;       /* of its struct; where in Config the array and its length are */
        size_t name, at, enabled;        /* where in its struct */
} SectionKind;

#define SECTION_KIND(kind_word, type, key_table, member)                                                   \
        { .word = kind_word, .keys = key_table, .size = sizeof(type), .array = offsetof(Config, member),   \
          .count = offsetof(Config, n_##member), .name = offsetof(type, name), .at = offsetof(type, at),   \
          .enabled = offsetof(type, enabled) }

/* The struct of section @name, found or made; NULL without memory. */
static void *section_get(Reader *r, Config *c, const SectionKind *kind, const char *name) {
        void **array = (void **) (void *) ((char *) c + kind->array);
        size_t *count = (size_t *) (void *) ((char *) c + kind->count);
        char *section;

        for (size_t i = 0; i < *count; i++) {
                section = (char *) *array + i * kind->size;
                if (strcmp(*(const char **) (void *) (section + kind->name), name) == 0)
                        return section;
        }
        section = pool_grow(r->pool, *array, *count, kind->size);
        name = pool_copy(r->pool, name, strlen(name));
        if (!section || !name) {
                r->no_memory = true;
                return NULL;
        }
        *array = section;
        section += *count * kind->size;
        (*count)++;
        memset(section, 0, kind->size);
        *(const char **) (void *) (section + kind->name) = name;
        *(Origin *) (void *) (section + kind->at) = reader_origin(r);
        ((BudgetSwitch *) (void *) (section + kind->enabled))->value = 1;
        return section;
}

/* "rule r" */
static const char *section_word(Reader *r, const char *kind, const char *name) {
        size_t size = strlen(kind) + strlen(name) + 2;
        char *word = pool_alloc(r->pool, size);

        if (word)
                (void) snprintf(word, size, "%s %s", kind, name);
        else
                r->no_memory = true;
        return word;
}

/* Notes that key @name of the section was given, whatever is wrong with it: nobody shall be told that it is missing. */
static void fault_note(Reader *r, const char *name) {
        char fault[256];

        if (!r->section)
                return;
        (void) snprintf(fault, sizeof(fault), "%s %s", r->section, name);
        config_list_add(r, &r->faults, fault);
}

/* What the header @text opens: its struct in *@ret and its keys in *@ret_keys, or a complaint and NULLs. */
static void section_open(Reader *r, Config *c, const char *text, void **ret, const ConfigKey **ret_keys) {
        static const SectionKind kinds[] = {
                SECTION_KIND("budget", BudgetSection, config_keys_budget, budgets),
                SECTION_KIND("rule", RuleSection, config_keys_rule, rules),
                SECTION_KIND("alert", AlertSection, config_keys_alert, alerts),
        };

        *ret = NULL;
        *ret_keys = NULL;
        r->section = NULL;
        if (strcmp(text, "reeve") == 0) {
                *ret = &c->reeve;
                *ret_keys = config_keys_reeve;
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                size_t n = strlen(kinds[i].word);
                const char *name = text + n;

                if (strncmp(text, kinds[i].word, n) != 0 || (*name && *name != ' ' && *name != '\t'))
                        continue;
                name += strspn(name, " \t");
                if (!is_name(name)) {
                        reader_complain(r, "section [%s]: wants a name of letters, digits, _ . and -, as in [%s web]",
                                        text, kinds[i].word);
                        return;
                }
                *ret = section_get(r, c, &kinds[i], name);
                r->section = section_word(r, kinds[i].word, name);
                *ret_keys = kinds[i].keys;
                return;
        }
        reader_complain(r, "unknown section [%s]; there are [reeve], [budget NAME], [rule NAME] and [alert NAME]", text);
}

static bool has_comment(const char *value) {
        for (const char *p = value; *p; p++)
                if (*p == '#' && p > value && (p[-1] == ' ' || p[-1] == '\t'))
                        return true;
        return false;
}

static void key_parse(Reader *r, void *section, const ConfigKey *keys, const IniLine *line) {
        size_t errors = r->complaints->errors;
        const ConfigKey *near = NULL;

        r->key = NULL;
        for (const ConfigKey *k = keys; k->name; k++) {
                if (strcasecmp(k->name, line->key) == 0)
                        near = k;
                if (strcmp(k->name, line->key) != 0)
                        continue;
                r->key = k->name;
                if (has_comment(line->value))
                        reader_complain(r, "\" #\" does not begin a comment inside a value: put it on a line of its own");
                else
                        k->parse(r, line->value, (char *) section + k->offset, k->detail);
                r->key = NULL;
                if (r->complaints->errors > errors)
                        fault_note(r, k->name);
                return;
        }
        if (near) {
                reader_complain(r, "unknown key %s in [%s]; it is spelled %s", line->key, line->section, near->name);
                fault_note(r, near->name);
        } else
                reader_complain(r, "unknown key %s in [%s]", line->key, line->section);
}

static void file_parse(Reader *r, Config *c, const IniLines *lines, uint64_t *hash) {
        const ConfigKey *keys = NULL;
        void *section = NULL;

        for (size_t i = 0; i < lines->count; i++) {
                const IniLine *line = &lines->lines[i];

                r->line = line->line;
                r->order++;
                hash_text(hash, line->section);
                hash_text(hash, line->key);
                hash_text(hash, line->value);
                if (!line->key)
                        section_open(r, c, line->section, &section, &keys);
                else if (section && keys && line->section && strcmp(line->section, INI_BROKEN_SECTION) != 0)
                        key_parse(r, section, keys, line);
        }
}

/* What the record of a loaded configuration shows: all of it as it was read. */
static int text_keep(Reader *r, Config *c, const ConfigFile *files, size_t n) {
        size_t size = 1;
        Strbuf out;

        for (size_t i = 0; i < n; i++)
                size += files[i].length + strlen(files[i].name) + sizeof("# \n\n");
        if (size > TEXT_MAX)
                size = TEXT_MAX;
        out = (Strbuf) { .data = pool_alloc(r->pool, size), .size = size };
        if (!out.data)
                return -ENOMEM;
        out.data[0] = '\0';
        for (size_t i = 0; i < n; i++) {
                strbuf_printf(&out, "# %s\n", files[i].name);
                strbuf_append(&out, files[i].text, strnlen(files[i].text, files[i].length));
                if (files[i].length > 0 && files[i].text[files[i].length - 1] != '\n')
                        strbuf_puts(&out, "\n");
        }
        c->text = out.data;
        c->text_cut = out.truncated;
        return 0;
}

static int files_parse(Reader *r, Config *c, const ConfigFile *files, size_t n) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        c->files = pool_alloc(r->pool, (n + 1) * sizeof(*c->files));
        if (!c->files)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                size_t before = r->complaints->count;
                IniLines lines = { 0 };
                int error;

                r->file = pool_copy(r->pool, files[i].name, strlen(files[i].name));
                if (!r->file)
                        return -ENOMEM;
                c->files[c->n_files++] = r->file;
                error = ini_read(&files[i], &lines, r->complaints);
                if (error < 0)
                        return error;
                file_parse(r, c, &lines, &hash);
                ini_done(&lines);
                complaints_sort(r->complaints, before);
        }
        (void) snprintf(c->hash, sizeof(c->hash), "%016" PRIx64, hash);
        return r->no_memory ? -ENOMEM : 0;
}

int config_parse(const ConfigFile *files, size_t n, Config **ret, Complaints *reterr) {
        ConfigWhole *w = calloc(1, sizeof(*w));
        size_t errors = reterr->errors;
        Reader reader;
        int r;

        if (!w)
                return -ENOMEM;
        w->users = 1;
        reader = (Reader) { .pool = &w->pool, .complaints = reterr };
        defaults_set(&reader, &w->config.reeve);
        r = files_parse(&reader, &w->config, files, n);
        if (r == 0)
                r = text_keep(&reader, &w->config, files, n);
        if (r == 0)
                config_check(&w->config, &reader.faults, reterr);
        if (r == 0 && reterr->errors > errors)
                r = -EINVAL;
        if (r < 0) {
                (void) config_unref(&w->config);
                return r;
        }
        *ret = &w->config;
        return 0;
}

Config *config_ref(Config *c) {
        ConfigWhole *w = (ConfigWhole *) (void *) c;

        atomic_fetch_add(&w->users, 1);
        return c;
}

Config *config_unref(Config *c) {
        ConfigWhole *w = (ConfigWhole *) (void *) c;

        if (c && atomic_fetch_sub(&w->users, 1) == 1) {
                pool_done(&w->pool);
                free(w);
        }
        return NULL;
}
