#include "page_seal.h"

#include <string.h>

static const uint64_t odd = 0x9E3779B97F4A7C15u;

static uint64_t rotated(uint64_t x, int by) { return x << by | x >> (64 - by); }

enum { lanes = 8 };

/* There are eight lanes so that the multiplications of one do not wait for those of another. Every step is a bijection of
   the word, and one of the lane so far: a change within one word cannot go unseen, and another change does so once in
   2^64. */
static uint64_t digest(const uint8_t *bytes, int count, uint32_t number) {
    uint64_t lane[lanes];
    for (int i = 0; i < lanes; i++) lane[i] = odd * (uint64_t)(2 * i + 1);
    int at = 0, next = 0;
    for (; at + 8 * lanes <= count; at += 8 * lanes) {
        uint64_t word[lanes];
        memcpy(word, bytes + at, sizeof word);
        for (int i = 0; i < lanes; i++) lane[i] = rotated(lane[i] ^ word[i], 27) * odd;
    }
    for (; at + 8 <= count; at += 8, next++) {
        uint64_t word;
        memcpy(&word, bytes + at, 8);
        lane[next] = rotated(lane[next] ^ word, 27) * odd;
    }
    uint64_t sum = number;
    for (int i = 0; i < lanes; i++) {
        sum = rotated(sum ^ lane[i], 31) * odd;
        sum ^= sum >> 29;
    }
    return sum ? sum : 1;
}

/* Blanks the fields of the header that SQLite changes when it copies a database page by page: the change counter, the
   schema's cookie, the change counter for which the page count holds, and the library's version. */
static void blank_counters(uint8_t *page) {
    memset(page + 24, 0, 4);
    memset(page + 40, 0, 4);
    memset(page + 92, 0, 8);
}

uint64_t seal_of(uint8_t *page, int size, uint32_t number) {
    if (number != 1) return digest(page, size - seal_bytes, number);
    uint8_t header[100];
    memcpy(header, page, sizeof header);
    blank_counters(page);
    uint64_t seal = digest(page, size - seal_bytes, number);
    memcpy(page, header, sizeof header);
    return seal;
}

uint64_t seal_on(const uint8_t *page, int size) {
    uint64_t seal;
    memcpy(&seal, page + size - seal_bytes, seal_bytes);
    return seal;
}

void set_seal(uint8_t *page, int size, uint64_t seal) { memcpy(page + size - seal_bytes, &seal, seal_bytes); }
