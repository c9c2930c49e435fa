#include "supervisor/text/wire.h"

#include <string.h>

#include "supervisor/text/interface_io_reeve_Supervisor.h"
#include "supervisor/text/interface_service.h"

const char *wire_interface_text(const char *interface) {
        if (strcmp(interface, WIRE_INTERFACE) == 0)
                return interface_io_reeve_Supervisor;
        if (strcmp(interface, WIRE_SERVICE) == 0)
                return interface_service;
        return NULL;
}
