/*
 * A listener, what all of them are asked for, and what is counted over all of them.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include "spread.h"

#include <stdbool.h>
#include <stdint.h>

enum { CARRY = 8192, ID_TEXT = 64 };
enum http { CLOSED, CONNECTING, HEADERS, BODY, OVER };
enum chunk { SIZE, DATA, AFTER, LAST };

struct listener {
    int fd;
    enum http http;
    bool chunked, dropped, has_id, has_stamp, is_end;
    enum chunk chunk;
    uint64_t chunk_left;
    uint64_t id, number, stamp;     /* of the frame that is being read */
    uint64_t highest, seen_count;   /* of this replay, drops included */
    uint64_t drop_at;               /* 0 is never */
    int64_t since;                  /* when this replay, or the way back, began */
    uint8_t *seen;                  /* a bit for each number */
    char id_text[ID_TEXT], last_id[ID_TEXT];
    int carried;
    char carry[CARRY];              /* a line, or a head, of which the rest has not come */
};

struct options {
    const char *paths, *header;
    int port, connections, window, nap_us;
    bool count_data;
    uint64_t last, drop_from, drop_to, replays;
    double seconds;
};

struct total {
    uint64_t accepted, delivered, lost, missing, repeated, reordered, strange, garbled, cut, refused, finished, ends;
    int64_t began, first_stamp, last_delivery, last_finish;
    struct spread latency, finish_times;
};

extern struct options o;
extern struct total total;
extern struct listener *listeners;
extern char **paths;
extern int path_count, epoll_fd;
extern int pending; /* calls and requests without an answer */
extern int over;    /* listeners that are done for good */

/* listener.c: its life, from the call to the end. */
void begin_replay(struct listener *l, int64_t now);
void ask(struct listener *l);
void forget_frame(struct listener *l);
void drop(struct listener *l);
void finish(struct listener *l, int64_t now);
void give_up(struct listener *l);
void settle(struct listener *l);

/* stream.c: what comes in. */
void readable(struct listener *l);

#endif
