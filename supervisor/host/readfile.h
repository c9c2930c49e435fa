#pragma once
/* Small files of the kernel's, read whole. */
#include <stddef.h>
#include <sys/types.h>

/* Reads @fd from its start, up to @size - 1 bytes, and ends them with a NUL; the descriptor may be read again and again.
 * Returns the length or -errno. */
ssize_t readfile_fd(int fd, char *ret, size_t size);

/* The same of the file @path. */
ssize_t readfile_path(const char *path, char *ret, size_t size);
