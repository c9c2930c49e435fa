/* A spool file with damage anywhere: opened with what is sound in it, or set aside. The input is a list of
 * {place, bytes} that are written over a good file. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/record/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

static int look(const SpoolRecord *r, void *userdata) {
        (void) userdata;
        for (uint32_t i = 0; i < r->json_size; i++)
                sink += (uint8_t) r->json[i];
        for (uint32_t i = 0; i < r->meta_size; i++)
                sink += ((const uint8_t *) r->meta)[i];
        return 0;
}

static int look_at_page(const PageInfo *info, const void *data, void *userdata) {
        (void) userdata;
        for (uint32_t i = 0; i < info->length; i++)
                sink += ((const uint8_t *) data)[i];
        return 0;
}

static Spool *open_it(const char *path) {
        SpoolOptions o = { .boot_id = "boot", .page_slots = 4, .record_bytes = 4096 };
        char note[128];
        Spool *s = NULL;

        return spool_open(&s, path, &o, note, sizeof(note)) == 0 ? s : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char path[64], old[80];
        uint32_t slot;
        void *page;
        Spool *s;
        int fd;

        (void) snprintf(path, sizeof(path), "/dev/shm/fuzz-spool.%d", (int) getpid());
        (void) snprintf(old, sizeof(old), "%s.old", path);
        (void) unlink(path);
        s = open_it(path);
        if (!s)
                abort();
        for (uint64_t seq = 1; seq < 5; seq++)
                (void) spool_record_put(s, &(SpoolRecord){ .seq = seq, .json = "{\"a\":1}", .json_size = 7 });
        if (spool_pages(s)->take(spool_pages(s)->userdata, &slot, &page) == 0)
                spool_pages(s)->full(spool_pages(s)->userdata, slot, &(PageInfo){ .length = PAGE_BYTES });
        (void) spool_pages(s)->formats_save(spool_pages(s)->userdata, 1, "name: x", 7);
        spool_close(s);
        fd = open(path, O_RDWR | O_CLOEXEC);
        for (size_t at = 0; fd >= 0 && at + 4 <= size; at += 4) {
                off_t end = lseek(fd, 0, SEEK_END);
                off_t place = (off_t) (data[at] | data[at + 1] << 8 | (data[at + 2] & 3) << 16);

                /* The last quarter of the places are those of the records. */
                (void) !pwrite(fd, data + at + 3, 1, data[at + 2] & 128 ? end - 4096 + place % 4096 : place % end);
        }
        if (fd >= 0)
                close(fd);
        s = open_it(path);
        if (s) {
                const char *text;
                size_t length;

                (void) spool_records_replay(s, look, NULL);
                (void) spool_pages_replay(s, look_at_page, NULL);
                if (spool_pages(s)->formats_find(spool_pages(s)->userdata, 1, &text, &length) == 0)
                        sink += (uint8_t) text[length - 1];
                (void) spool_record_put(s, &(SpoolRecord){ .seq = spool_last_seq(s) + 1, .json = "{}", .json_size = 2 });
                spool_records_committed(s, UINT64_MAX);
                spool_close(s);
        }
        (void) unlink(path);
        (void) unlink(old);
        return 0;
}
