/* The seal of one page. */
#ifndef EIGENSWEEP_PAGE_SEAL_H
#define EIGENSWEEP_PAGE_SEAL_H

#include <stdint.h>

enum { seal_bytes = 8 };

/* The seal that fits a page; never 0. It changes `page` while it runs, and puts it back. */
uint64_t seal_of(uint8_t *page, int size, uint32_t number);

/* The seal that a page bears; 0 for a bare page. */
uint64_t seal_on(const uint8_t *page, int size);

void set_seal(uint8_t *page, int size, uint64_t seal);

#endif
