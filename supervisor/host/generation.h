#pragma once
/* One generation of probes and instances: names that carry the state directory's hash and a hash of the definitions, so
 * that a binary with other definitions makes its own beside the old one, and one with the same takes it over. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/host/layout.h"
#include "supervisor/host/pagestore.h"
#include "supervisor/host/tracefs.h"

enum { GENERATION_FORMATS_MAX = 64 * 1024 };

typedef struct GenerationName {
        uint32_t owner;                 /* hash of the state directory */
        uint32_t number;                /* hash of the definitions */
        char prefix[32];                /* "reeve_<owner>_<number>": the probes' group, begin of the instances' names */
        char suffix[24];                /* "<owner>_<number>": end of the probes' names, so that kprobe_profile tells them apart */
} GenerationName;

typedef struct GenerationOptions {
        const Tracefs *tracefs;
        const Layout *layout;
        uint64_t ring_bytes[PAGE_INSTANCES];    /* a CPU */
} GenerationOptions;

/* "kills", "churn". */
const char *generation_instance_name(PageInstance instance);

/* The names of generation @number of the state directory whose hash is @owner. */
GenerationName generation_name(uint32_t owner, uint32_t number);

/* Reads owner and number out of an instance's or a group's name. Returns 0 or -EINVAL. */
int generation_parse(GenerationName *ret, const char *name);

/* Makes sure that this generation exists, is set as it should be and switched on; what is right already is not touched
 * (setting the clock would empty the rings). Gives the two instances' directories. Returns 0 or -errno with
 * @reterr_why. @ret_group_probe: whether the optional probe `group` is there. */
int generation_make(const GenerationName *g, const GenerationOptions *o, int ret_dirs[PAGE_INSTANCES], bool *ret_group_probe,
                    char *reterr_why, size_t why_size);

/* Reads the format texts of all its events, one after the other, into @text. Returns the length or -errno. */
int generation_formats(const GenerationName *g, const Tracefs *t, char *text, size_t size);

/* Switches off and removes its instances and probes, as far as they exist. Returns 0 or the first -errno. */
int generation_remove(const GenerationName *g, const Tracefs *t);

/* One event of an instance as it should be. @ret_path: "events/.../..." without the file name; @ret_filter: NULL for none.
 * Returns 0 or -ENOENT after the last. */
int generation_event(const GenerationName *g, PageInstance instance, uint32_t index, char *ret_path, size_t size,
                     const char **ret_filter);
