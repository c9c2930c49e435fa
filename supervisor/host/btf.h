#pragma once
/* The kernel's own description of its types: where a member lies, how large a type is, what an enumerator is worth. Read
 * once at start, so that no offset of a kernel structure is ever written down in this source. */
#include <stddef.h>
#include <stdint.h>

typedef struct Btf Btf;

/* Opens the description at @path (raw BTF; NULL: /sys/kernel/btf/vmlinux). Returns 0, -ENOENT where the kernel has none,
 * or another -errno. The caller frees it with btf_close(). About 6 MB while it is open: close it after start. */
int btf_open(Btf **ret, const char *path);

/* The same from memory, which is copied. Returns 0, -EINVAL if it is no BTF, -ENOMEM. */
int btf_open_memory(Btf **ret, const void *data, size_t size);

/* Frees @b (NULL is fine). Returns NULL. */
Btf *btf_close(Btf *b);

/* Byte offset of the member @path ("memory.usage", "rss_stat.count") in struct or union @type. Anonymous structs and
 * unions are looked through, as in C; each further name descends into the member's own struct, or into the element of an
 * array (the first one). Returns 0, -ENOENT if there is no such type or member, -EINVAL for a bit field. */
int btf_offset(const Btf *b, const char *type, const char *path, uint32_t *ret_bytes);

/* Size in bytes of the member @path; of one element if it is an array. Returns as btf_offset(). */
int btf_element_size(const Btf *b, const char *type, const char *path, uint32_t *ret_bytes);

/* Size in bytes of struct or union @type. Returns 0 or -ENOENT. */
int btf_size(const Btf *b, const char *type, uint32_t *ret_bytes);

/* Value of the enumerator @name in whatever enum has it, named or not. Returns 0 or -ENOENT. */
int btf_enumerator(const Btf *b, const char *name, int64_t *ret_value);
