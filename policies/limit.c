#include "policies/limit.h"

static const struct {
        const char *word, *file;
} keys[LIMIT_KEYS] = {
        [LIMIT_MEMORY_MIN] = { "MemoryMin", "memory.min" },
        [LIMIT_MEMORY_LOW] = { "MemoryLow", "memory.low" },
        [LIMIT_MEMORY_HIGH] = { "MemoryHigh", "memory.high" },
        [LIMIT_MEMORY_MAX] = { "MemoryMax", "memory.max" },
        [LIMIT_MEMORY_SWAP_MAX] = { "MemorySwapMax", "memory.swap.max" },
        [LIMIT_OOM_GROUP] = { "OOMGroup", "memory.oom.group" },
        [LIMIT_OOM_SCORE_ADJUST] = { "OOMScoreAdjust", NULL },
};

const char *limit_key_to_string(int key) {
        return key >= 0 && key < LIMIT_KEYS ? keys[key].word : NULL;
}

int limit_key_from_string(const char *word) {
        for (int i = 0; i < LIMIT_KEYS; i++)
                if (strcmp(keys[i].word, word) == 0)
                        return i;
        return -1;
}

const char *limit_key_file(int key) {
        return key >= 0 && key < LIMIT_KEYS ? keys[key].file : NULL;
}
