#pragma once
/* A capture as `reevectl capture` writes them, of a hog and a calm one, for tests of what reads captures. */
#include <stdio.h>

#include "supervisor/base/array.h"
#include "supervisor/text/capture.h"

static inline void file_write(const char *path, const char *text) {
        FILE *f = fopen(path, "we");

        (void) fputs(text, f);
        (void) fclose(f);
}

static inline void hogcapture_look(Strbuf *out, uint64_t id, uint64_t now, int64_t bytes, Reading *before) {
        CaptureLook look = { .id = id, .populated = true, .points = -1,
                             .reading = { .time_usec = now, .current = bytes, .unreclaimable = bytes, .limit = 100 << 20, .swap_limit = 0,
                                          .throttle = READING_UNLIMITED } };

        capture_put_look(out, CAPTURE_LOOK, &look, before);
        *before = look.reading;
}

/* A hog in /a grows by 10 MB each look; what was decided then stands in it not at all. @whole gets its end, @cut has none. */
static inline void hogcapture_write(const char *whole, const char *cut) {
        static const char rules[] = "[rule guard]\nMatch=/a\nWhen=unreclaimable > 60%\nThen=notify\nThen=kill\nSettleSec=5s\n";
        static const char *const paths[] = { "/", "/a", "/a/calm", "/a/hog" };
        static char text[32768];
        CaptureHead head = { .boot_id = "b", .ledger_id = "r7k2m9x4", .page_size = 4096, .root_id = 1, .begin_usec = 1000000,
                             .offset_usec = INT64_C(1800000000000000), .mode = REEVE_MODE_ACT };
        ConfigFile file = { .name = "/etc/reeve/reeve.conf", .text = rules, .length = sizeof(rules) - 1 };
        Complaints complaints = COMPLAINTS_INIT;
        Reading before[5] = { { .time_usec = 0 } };      /* as the line c has it */
        Strbuf out = STRBUF_INIT(text);
        Config *config = NULL;

        (void) config_parse(&file, 1, &config, &complaints);
        capture_put_head(&out, &head, config);
        for (uint64_t i = 0; i < ELEMENTSOF(paths); i++)
                capture_put_group(&out, i + 1, i == 0 ? 0 : i == 1 ? 1 : 2, paths[i]);
        for (uint64_t id = 2; id <= 4; id++)
                capture_put_look(&out, CAPTURE_LAST, &(CaptureLook) { .id = id, .points = -1, .remembered = true }, NULL);
        for (uint64_t i = 0; i < 9; i++) {
                uint64_t now = 1000000 + i * 200000;

                capture_put_round(&out, now, &(HostReading) { INT64_C(1) << 30, INT64_C(1) << 29, 0, 0 });
                hogcapture_look(&out, 2, now, (int64_t) (i + 2) * (10 << 20), &before[2]);
                hogcapture_look(&out, 3, now, 8 << 20, &before[3]);
                hogcapture_look(&out, 4, now, (int64_t) (i + 1) * (10 << 20), &before[4]);
        }
        file_write(cut, text);
        capture_put_end(&out, 3000000, "stopped");
        file_write(whole, text);
        config = config_unref(config);
        complaints_done(&complaints);
}
