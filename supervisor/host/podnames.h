#pragma once
/* Names of pods and containers, from the directories the kubelet keeps for their logs: no API, no credentials. */
#include <stddef.h>

/* Writes "NAMESPACE_POD_UID", or "NAMESPACE_POD_UID/CONTAINER" where @path is a container's, found below @logs (NULL:
 * /var/log); empty where @path is no pod's, or its directory is not there (yet). Opens directories: not on the event
 * thread. */
void podnames_label(const char *logs, const char *path, char *ret, size_t size);
