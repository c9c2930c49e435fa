#include "supervisor/host/btf.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"

enum { DEPTH_MAX = 16 };        /* of anonymous members within each other; a circle in damaged BTF ends here */

struct Btf {
        struct btf *types;
};

/* One member found: where it lies and what it is. */
typedef struct Member {
        uint32_t offset;
        const struct btf_type *type;
} Member;

static int btf_wrap(Btf **ret, struct btf *types) {
        Btf *b = calloc(1, sizeof(*b));

        if (!b) {
                btf__free(types);
                return -ENOMEM;
        }
        b->types = types;
        *ret = b;
        return 0;
}

/* libbpf tells its complaints on stderr unless it is asked not to. */
static int be_silent(enum libbpf_print_level level, const char *format, va_list ap) {
        (void) level;
        (void) format;
        (void) ap;
        return 0;
}

int btf_open(Btf **ret, const char *path) {
        struct btf *types;

        libbpf_set_print(be_silent);
        types = btf__parse(path ? path : "/sys/kernel/btf/vmlinux", NULL);
        if (!types)
                return errno > 0 ? -errno : -EINVAL;
        return btf_wrap(ret, types);
}

int btf_open_memory(Btf **ret, const void *data, size_t size) {
        struct btf *types;

        libbpf_set_print(be_silent);
        if (size > UINT32_MAX)
                return -EINVAL;
        types = btf__new(data, (uint32_t) size);
        if (!types)
                return errno == ENOMEM ? -ENOMEM : -EINVAL;
        return btf_wrap(ret, types);
}

Btf *btf_close(Btf *b) {
        if (b) {
                btf__free(b->types);
                free(b);
        }
        return NULL;
}

/* The type behind typedefs and qualifiers; NULL if there is none. */
static const struct btf_type *strip(const Btf *b, uint32_t id) {
        const struct btf_type *t = btf__type_by_id(b->types, id);

        for (int i = 0; t && i < DEPTH_MAX && (btf_is_mod(t) || btf_is_typedef(t)); i++)
                t = btf__type_by_id(b->types, t->type);
        return t;
}

/* As strip(), and an array is its element. */
static const struct btf_type *element(const Btf *b, const struct btf_type *t) {
        for (int i = 0; t && i < DEPTH_MAX && btf_is_array(t); i++)
                t = strip(b, btf_array(t)->type);
        return t;
}

/* Looks for @name (of @length bytes) in @t and in its anonymous structs and unions. */
static int find_member(const Btf *b, const struct btf_type *t, const char *name, size_t length, int depth, Member *ret) {
        const struct btf_member *m;

        if (length == 0 || !t || !btf_is_composite(t) || depth >= DEPTH_MAX)
                return -ENOENT;
        m = btf_members(t);
        for (uint32_t i = 0; i < btf_vlen(t); i++, m++) {
                const char *have = btf__name_by_offset(b->types, m->name_off);
                const struct btf_type *inner = strip(b, m->type);
                uint32_t bit = btf_member_bit_offset(t, i);

                if (have && strlen(have) == length && memcmp(have, name, length) == 0) {
                        if (bit % 8 != 0 || btf_member_bitfield_size(t, i) != 0)
                                return -EINVAL;
                        *ret = (Member){ .offset = bit / 8, .type = inner };
                        return 0;
                }
                if (have && *have)
                        continue;
                int r = find_member(b, inner, name, length, depth + 1, ret);
                if (r != -ENOENT) {
                        ret->offset += bit / 8;
                        return r;
                }
        }
        return -ENOENT;
}

static const struct btf_type *find_struct(const Btf *b, const char *name) {
        int id = btf__find_by_name_kind(b->types, name, BTF_KIND_STRUCT);

        if (id < 0)
                id = btf__find_by_name_kind(b->types, name, BTF_KIND_UNION);
        return id < 0 ? NULL : btf__type_by_id(b->types, (uint32_t) id);
}

static int resolve(const Btf *b, const char *type, const char *path, Member *ret) {
        Member at = { .type = find_struct(b, type) };

        if (!at.type)
                return -ENOENT;
        for (;;) {
                size_t length = strcspn(path, ".");
                Member found = { 0 };
                int r = find_member(b, element(b, at.type), path, length, 0, &found);

                if (r < 0)
                        return r;
                at = (Member){ .offset = at.offset + found.offset, .type = found.type };
                if (path[length] == '\0')
                        break;
                path += length + 1;
        }
        *ret = at;
        return 0;
}

int btf_offset(const Btf *b, const char *type, const char *path, uint32_t *ret_bytes) {
        Member m;
        int r = resolve(b, type, path, &m);

        if (r == 0)
                *ret_bytes = m.offset;
        return r;
}

static int size_of(const Btf *b, const struct btf_type *t, uint32_t *ret_bytes) {
        if (!t)
                return -ENOENT;
        if (btf_is_ptr(t))
                *ret_bytes = (uint32_t) btf__pointer_size(b->types);
        else if (btf_is_composite(t) || btf_is_int(t) || btf_is_any_enum(t))
                *ret_bytes = t->size;
        else
                return -ENOENT;
        return 0;
}

int btf_element_size(const Btf *b, const char *type, const char *path, uint32_t *ret_bytes) {
        Member m;
        int r = resolve(b, type, path, &m);

        return r < 0 ? r : size_of(b, element(b, m.type), ret_bytes);
}

int btf_size(const Btf *b, const char *type, uint32_t *ret_bytes) {
        return size_of(b, find_struct(b, type), ret_bytes);
}

int btf_enumerator(const Btf *b, const char *name, int64_t *ret_value) {
        uint32_t n = btf__type_cnt(b->types);

        for (uint32_t id = 1; id < n; id++) {
                const struct btf_type *t = btf__type_by_id(b->types, id);

                if (!t || !btf_is_enum(t))
                        continue;
                const struct btf_enum *e = btf_enum(t);
                for (uint32_t i = 0; i < btf_vlen(t); i++, e++) {
                        const char *have = btf__name_by_offset(b->types, e->name_off);

                        if (have && strcmp(have, name) == 0) {
                                *ret_value = e->val;
                                return 0;
                        }
                }
        }
        return -ENOENT;
}
