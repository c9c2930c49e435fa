#pragma once
/* Configurations in tests: a text in, all complaints out as one text. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "supervisor/text/config.h"

static inline int parse(const char *text, Config **ret, Complaints *complaints) {
        ConfigFile file = { .name = "t.conf", .text = text, .length = strlen(text) };

        *complaints = (Complaints) COMPLAINTS_INIT;
        return config_parse(&file, 1, ret, complaints);
}

/* Joins all complaints, each followed by a newline. */
static inline void joined(const Complaints *c, char *buf, size_t size) {
        size_t n = 0;

        buf[0] = '\0';
        for (size_t i = 0; i < c->count && n < size; i++) {
                char line[1200];

                n += (size_t) snprintf(buf + n, size - n, "%s\n", complaint_format(&c->items[i], line, sizeof(line)));
        }
}

/* One that is as it should be, or the test fails. */
static inline Config *config_of(const char *text) {
        Complaints complaints;
        Config *config = NULL;
        char why[4096];

        if (parse(text, &config, &complaints) < 0) {
                joined(&complaints, why, sizeof(why));
                fail_msg("%s", why);
        }
        complaints_done(&complaints);
        return config;
}
