#define SD_JOURNAL_SUPPRESS_LOCATION
#include "supervisor/host/journal.h"

#include <systemd/sd-journal.h>
#include <unistd.h>

bool journal_present(void) {
        return access("/run/systemd/journal/socket", W_OK) == 0;
}

int journal_send(const struct iovec *fields, int n) {
        return sd_journal_sendv(fields, n);
}
