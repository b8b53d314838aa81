/*
 * What comes in for a listener: the answer's head, chunks, lines, frames; and what is counted of it.
 */
#define _GNU_SOURCE
#include "listener.h"
#include "program.h"

#include <string.h>
#include <sys/socket.h>

enum { READ = 128 * 1024 };

static char buffer[CARRY + READ]; /* in front there is room for what was carried */

static void count(struct listener *l, uint64_t number) {
    total.delivered++;
    if (!o.last) return;
    if (number < 1 || number > o.last) {
        total.strange++;
        return;
    }
    uint8_t bit = (uint8_t)(1 << (number & 7));
    if (l->seen[number >> 3] & bit) {
        total.repeated++;
        return;
    }
    l->seen[number >> 3] |= bit;
    l->seen_count++;
    if (number < l->highest) total.reordered++;
    else l->highest = number;
}

/* False where the rest of what was read is not for this listener any more. */
static bool dispatch(struct listener *l, int64_t now) {
    bool counted = o.count_data ? l->has_stamp : l->has_id;
    uint64_t number = o.count_data ? l->number : l->id;
    if (l->id_text[0] && l->drop_at) memcpy(l->last_id, l->id_text, ID_TEXT);
    total.ends += l->is_end;
    if (counted) count(l, number);
    if (l->has_stamp) {
        if (!o.count_data && l->number != l->id) total.garbled++;
        add_time(&total.latency, now - (int64_t)l->stamp);
        if (!total.first_stamp || (int64_t)l->stamp < total.first_stamp) total.first_stamp = (int64_t)l->stamp;
        total.last_delivery = now;
    }
    forget_frame(l);
    if (!counted) return true;
    if (o.last && number == o.last) finish(l, now);
    else if (l->drop_at && !l->dropped && number >= l->drop_at) drop(l);
    return l->http == BODY;
}

static uint64_t digits(const char *text, size_t length) {
    uint64_t value = 0;
    for (size_t i = 0; i < length && text[i] >= '0' && text[i] <= '9'; i++) value = value * 10 + (uint64_t)(text[i] - '0');
    return value;
}

static void data_line(struct listener *l, const char *line, size_t length) {
    const char *stamp = memmem(line, length, "\"stamp\":\"", 9);
    if (!stamp || stamp + 9 + 25 > line + length || stamp[17] != '@') return;
    l->number = digits(stamp + 9, 8);
    l->stamp = digits(stamp + 18, 16);
    l->has_stamp = true;
}

static void id_line(struct listener *l, const char *text, size_t length) {
    if (length >= ID_TEXT) die("an id of %zu bytes", length);
    memcpy(l->id_text, text, length);
    l->id_text[length] = 0;
    l->id = digits(text, length);
    l->has_id = true;
}

static bool line_came(struct listener *l, const char *line, size_t length, int64_t now) {
    if (length && line[length - 1] == '\r') length--;
    if (length == 0) return dispatch(l, now);
    if (length > 6 && !memcmp(line, "data: ", 6)) data_line(l, line, length);
    else if (length > 4 && !memcmp(line, "id: ", 4)) id_line(l, line + 4, length - 4);
    else if (length == 10 && !memcmp(line, "event: end", 10)) l->is_end = true;
    return true;
}

static void keep(struct listener *l, const char *rest, size_t length) {
    if (length > CARRY) die("a line is longer than %d bytes", CARRY);
    memcpy(l->carry, rest, length);
    l->carried = (int)length;
}

static void lines_came(struct listener *l, char *from, char *to, int64_t now) {
    if (l->carried) {
        from -= l->carried;
        memcpy(from, l->carry, (size_t)l->carried);
        l->carried = 0;
    }
    char *newline;
    while (from < to && (newline = memchr(from, '\n', (size_t)(to - from)))) {
        if (!line_came(l, from, (size_t)(newline - from), now)) return;
        from = newline + 1;
    }
    keep(l, from, (size_t)(to - from));
}

static int hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Takes the chunks' frames out, in place; where what is left ends. */
static char *dechunk(struct listener *l, char *from, char *to) {
    char *out = from;
    while (from < to && l->chunk != LAST) {
        if (l->chunk == DATA) {
            size_t part = l->chunk_left < (size_t)(to - from) ? l->chunk_left : (size_t)(to - from);
            memmove(out, from, part);
            out += part, from += part;
            if (!(l->chunk_left -= part)) l->chunk = AFTER;
        } else if (*from++ == '\n') {
            if (l->chunk == SIZE) l->chunk = l->chunk_left ? DATA : LAST;
            else l->chunk = SIZE;
        } else if (l->chunk == SIZE && hex(from[-1]) >= 0) {
            l->chunk_left = l->chunk_left * 16 + (uint64_t)hex(from[-1]);
        }
    }
    return out;
}

static void body_came(struct listener *l, char *from, char *to, int64_t now) {
    if (l->chunked) to = dechunk(l, from, to);
    lines_came(l, from, to, now);
    if (l->http == BODY && l->chunked && l->chunk == LAST) {
        total.cut++; /* clean, but before the last number */
        give_up(l);
    }
}

static void refused(struct listener *l, const char *head) {
    if (!total.refused++) fprintf(stderr, "loadgen: refused: %.*s\n", (int)strcspn(head, "\r\n"), head);
    give_up(l);
}

static void head_came(struct listener *l, char *from, char *to, int64_t now) {
    from -= l->carried;
    memcpy(from, l->carry, (size_t)l->carried);
    char *body = memmem(from, (size_t)(to - from), "\r\n\r\n", 4);
    if (!body) {
        keep(l, from, (size_t)(to - from));
        return;
    }
    *body = 0;
    if (strncmp(from, "HTTP/1.1 200", 12)) {
        refused(l, from);
        return;
    }
    l->chunked = strcasestr(from, "\r\ntransfer-encoding: chunked") != NULL;
    l->chunk = SIZE, l->chunk_left = 0, l->carried = 0;
    l->http = BODY;
    pending--;
    if (++total.accepted == (uint64_t)o.connections) {
        printf("{\"accepted\":%d,\"accept_ms\":%.3f}\n", o.connections, (double)(now - total.began) / 1e6);
        fflush(stdout);
    }
    if (body + 4 < to) body_came(l, body + 4, to, now);
}

void readable(struct listener *l) {
    ssize_t size = recv(l->fd, buffer + CARRY, READ, 0);
    if (size < 0 && errno == EAGAIN) return;
    int64_t now = now_ns();
    if (size <= 0) {
        total.cut++;
        give_up(l);
    } else if (l->http == HEADERS) {
        head_came(l, buffer + CARRY, buffer + CARRY + size, now);
    } else {
        body_came(l, buffer + CARRY, buffer + CARRY + size, now);
    }
}
