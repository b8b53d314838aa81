/*
 * Times in 128 buckets for each power of two, so that percentiles are true within 0.8 %.
 */
#ifndef SPREAD_H
#define SPREAD_H

#include <stdint.h>
#include <stdio.h>

enum { SUB = 128, BUCKETS = 64 * SUB };

struct spread { uint64_t buckets[BUCKETS], count; int64_t most; };

static inline void add_time(struct spread *s, int64_t ns) {
    uint64_t v = ns > 0 ? (uint64_t)ns : 0;
    int shift = v < 2 * SUB ? 0 : 63 - __builtin_clzll(v) - 7;
    s->buckets[shift * SUB + (v >> shift)]++;
    s->count++;
    if (ns > s->most) s->most = ns;
}

static inline double percentile_ms(const struct spread *s, double part) {
    uint64_t rank = (uint64_t)(part * (double)s->count), passed = 0;
    for (int b = 0; b < BUCKETS; b++)
        if ((passed += s->buckets[b]) > rank) {
            int shift = b < 2 * SUB ? 0 : b / SUB - 1;
            return (double)((uint64_t)(b - shift * SUB) << shift) / 1e6;
        }
    return (double)s->most / 1e6;
}

static inline void print_spread(const char *name, const struct spread *s) {
    if (s->count == 0) printf(",\"%s\":null", name);
    else printf(",\"%s\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, percentile_ms(s, 0.5),
                percentile_ms(s, 0.99), (double)s->most / 1e6);
}

#endif
