#pragma once
/* The `format` texts of tracefs: where the fields of one generation's events lie. Read once; after that nothing allocates. */
#include <stddef.h>

/* Of one generation. */
typedef struct RingFormats RingFormats;

/* Reads @text: `format` texts one after the other, for this generation's events, known by the beginning of their names
 * (kill_, victim_, done_, group_, self_; signal_generate, cgroup_mkdir, cgroup_rmdir). Returns 0, -EINVAL if one of
 * them cannot be read, -ENOMEM. The caller frees with ringformats_free(). */
int ringformats_new(RingFormats **ret, const char *text, size_t length);

/* NULL is fine. Returns NULL. */
RingFormats *ringformats_free(RingFormats *f);
