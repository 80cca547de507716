#ifndef FINGERPRINT_H
#define FINGERPRINT_H

#include <stddef.h>

/* The C library that this was compiled for: "glibc" or "musl". */
const char *fingerprint_libc(void);

/* Returns the 64-bit FNV-1a hash of the text in hexadecimal, to be freed by the caller; NULL when memory ran out. */
char *fingerprint(const char *text, size_t length);

#endif
