#pragma once
/* What people ask about the OOM killer, and the answers. */
#include <stddef.h>

typedef struct Topic {
        const char *names;              /* words that lead here, the first is the topic's name; separated by '|' */
        const char *summary;
        const char *text;               /* paragraphs as wrap_write() takes them */
} Topic;

/* All topics, in the order in which they are listed, ended by one without names. */
extern const Topic topics[];

/* The topic that @word names, whatever its case; else the only one or first with a name inside @word ("grep oom
 * /var/log/messages"). NULL: none. */
const Topic *topic_find(const char *word);
