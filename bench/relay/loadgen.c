/*
 * Listeners of event streams by the thousand, in one process, counted exactly.
 *
 *   loadgen --port P --paths FILE [options]
 *
 * Listener i asks for line i of FILE (again from the top where there are fewer). It reads chunked
 * or plain HTTP/1.1 and WHATWG event streams as they come in, and counts every number from --first
 * to --last: `lost` are holes below the highest that came, `missing` never came, `repeated` came
 * again, `reordered` came behind a higher one. A number is the event's `id`, or with --count data
 * what stands in the data, where publisher.c writes "stamp":"NNNNNNNN@TTTTTTTTTTTTTTTT": a number
 * and CLOCK_MONOTONIC in nanoseconds, for the latency. `garbled` are ids that differ from it.
 *
 * One line of JSON says when all are accepted, one more what came of it. A line on standard input,
 * or its end, ends it early; --seconds ends it in any case. Sockets are closed by RST: the client's
 * ports are free at once.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CARRY = 8192, READ = 128 * 1024, ID_TEXT = 64, SUB = 128, BUCKETS = 64 * SUB };
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

struct spread { uint64_t buckets[BUCKETS], count; int64_t most; };

static struct {
    const char *paths, *header;
    int port, connections, window, nap_us;
    bool count_data;
    uint64_t first, last, drop_from, drop_to, replays;
    double seconds;
} o = {.header = "", .connections = 1, .window = 1 << 20, .first = 1, .seconds = 60};

static struct {
    uint64_t accepted, delivered, lost, missing, repeated, reordered, strange, garbled, cut, refused, finished, ends;
    int64_t began, all_accepted, first_stamp, last_delivery, last_finish;
} total;

static struct listener *listeners;
static char **paths, buffer[CARRY + READ];
static int path_count, epoll_fd, pending, waiting_to_return, over, next_to_start;
static uint64_t replays_started;
static struct spread latency, finish_times;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static _Noreturn void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("loadgen: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

/* ---- times: 128 buckets for each power of two, so within 0.8 % ---- */

static void add_time(struct spread *s, int64_t ns) {
    uint64_t v = ns > 0 ? (uint64_t)ns : 0;
    int shift = v < 2 * SUB ? 0 : 63 - __builtin_clzll(v) - 7;
    s->buckets[shift * SUB + (v >> shift)]++;
    s->count++;
    if (ns > s->most) s->most = ns;
}

static double percentile_ms(const struct spread *s, double part) {
    uint64_t rank = (uint64_t)(part * (double)s->count), passed = 0;
    for (int b = 0; b < BUCKETS; b++)
        if ((passed += s->buckets[b]) > rank) {
            int shift = b < 2 * SUB ? 0 : b / SUB - 1;
            return (double)((uint64_t)(b - shift * SUB) << shift) / 1e6;
        }
    return (double)s->most / 1e6;
}

static void print_spread(const char *name, const struct spread *s) {
    if (s->count == 0) printf(",\"%s\":null", name);
    else printf(",\"%s\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, percentile_ms(s, 0.5),
                percentile_ms(s, 0.99), (double)s->most / 1e6);
}

/* ---- a listener's life ---- */

static void forget_frame(struct listener *l) {
    l->has_id = l->has_stamp = l->is_end = false;
    l->id_text[0] = 0;
}

static void hang_up(struct listener *l) {
    struct linger at_once = {1, 0};
    if (l->fd >= 0) {
        setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(l->fd);
    }
    if (l->http == CONNECTING || l->http == HEADERS) pending--;
    l->fd = -1;
    l->http = CLOSED;
}

static void call(struct listener *l) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0) die("socket: %s (see ulimit -n)", strerror(errno));
    if (connect(l->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) die("connect: %s", strerror(errno));
    struct epoll_event event = {EPOLLOUT, {.ptr = l}};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, l->fd, &event)) die("epoll: %s", strerror(errno));
    l->http = CONNECTING;
    l->carried = 0;
    pending++;
    forget_frame(l);
}

static void begin_replay(struct listener *l, int64_t now) {
    l->since = now;
    l->highest = o.first - 1;
    l->seen_count = 0;
    l->last_id[0] = 0;
    if (l->seen) memset(l->seen, 0, (o.last - o.first) / 8 + 1);
    replays_started++;
    call(l);
}

/* What this replay lacks; once, at its end, however it ended. */
static void settle(struct listener *l) {
    if (!o.last) return;
    total.lost += l->highest - (o.first - 1) - l->seen_count;
    total.missing += o.last - l->highest;
}

static void end(struct listener *l) {
    settle(l);
    hang_up(l);
    if (replays_started < o.replays) {
        begin_replay(l, now_ns());
        return;
    }
    l->http = OVER;
    over++;
}

static void finish(struct listener *l, int64_t now) {
    add_time(&finish_times, now - l->since);
    total.finished++;
    total.last_finish = now;
    end(l);
}

static void all_return(void) {
    int64_t now = now_ns();
    for (int i = 0; i < o.connections; i++)
        if (listeners[i].http == CLOSED) {
            listeners[i].since = now;
            call(&listeners[i]);
        }
}

static void drop(struct listener *l) {
    hang_up(l);
    l->dropped = true;
    if (++waiting_to_return == o.connections) all_return();
}

/* Where the server would not go on: whoever would have dropped comes back with the others. */
static void give_up(struct listener *l) {
    if (l->drop_at && !l->dropped) drop(l);
    else end(l);
}

static void ask(struct listener *l) {
    char text[2048], cursor[ID_TEXT + 32] = "";
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) die("connect: %s", strerror(error));
    if (l->last_id[0]) snprintf(cursor, sizeof cursor, "Last-Event-ID: %s\r\n", l->last_id);
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n%s%s\r\n",
                          paths[(l - listeners) % path_count], o.header, cursor);
    if (length >= (int)sizeof text) die("a request is too long");
    if (send(l->fd, text, (size_t)length, MSG_NOSIGNAL) != length) die("send: %s", strerror(errno));
    struct epoll_event event = {EPOLLIN, {.ptr = l}};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, l->fd, &event);
    l->http = HEADERS;
}

/* ---- what comes in: frames, lines, chunks, the head ---- */

static void count(struct listener *l, uint64_t number) {
    total.delivered++;
    if (!o.last) return;
    if (number < o.first || number > o.last) {
        total.strange++;
        return;
    }
    uint64_t place = number - o.first;
    uint8_t bit = (uint8_t)(1 << (place & 7));
    if (l->seen[place >> 3] & bit) {
        total.repeated++;
        return;
    }
    l->seen[place >> 3] |= bit;
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
        add_time(&latency, now - (int64_t)l->stamp);
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
        total.all_accepted = now;
        printf("{\"accepted\":%d,\"accept_ms\":%.3f}\n", o.connections, (double)(now - total.began) / 1e6);
        fflush(stdout);
    }
    if (body + 4 < to) body_came(l, body + 4, to, now);
}

static void readable(struct listener *l) {
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

/* ---- the run ---- */

static void start_some(void) {
    while (next_to_start < o.connections && pending < o.window) begin_replay(&listeners[next_to_start++], now_ns());
}

static void prepare(void) {
    listeners = calloc((size_t)o.connections, sizeof *listeners);
    if (!listeners) die("out of memory");
    for (int i = 0; i < o.connections; i++) {
        listeners[i].fd = -1;
        if (o.last) listeners[i].seen = calloc(1, (o.last - o.first) / 8 + 1);
        if (o.drop_to) listeners[i].drop_at = o.drop_from + (o.drop_to - o.drop_from) * (uint64_t)i / (uint64_t)o.connections;
    }
}

static void run(void) {
    struct epoll_event events[512], input = {EPOLLIN, {.ptr = NULL}};
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &input); /* refused where standard input is a file */
    prepare();
    total.began = now_ns();
    int64_t until = total.began + (int64_t)(o.seconds * 1e9);
    while (over < o.connections && now_ns() < until) {
        start_some();
        int count = epoll_wait(epoll_fd, events, 512, 20);
        for (int i = 0; i < count; i++) {
            struct listener *l = events[i].data.ptr;
            if (!l) return;
            if (l->http == CONNECTING) ask(l);
            else if (l->http == HEADERS || l->http == BODY) readable(l);
        }
        if (o.nap_us && count < 64) usleep((useconds_t)o.nap_us);
    }
}

static void report(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    for (int i = 0; i < next_to_start; i++)
        if (listeners[i].http != OVER) settle(&listeners[i]);
    printf("{\"accepted\":%lu,\"delivered\":%lu,\"lost\":%lu,\"missing\":%lu,\"repeated\":%lu,\"reordered\":%lu,"
           "\"strange\":%lu,\"garbled\":%lu,\"cut\":%lu,\"refused\":%lu,\"finished\":%lu,\"ends\":%lu",
           total.accepted, total.delivered, total.lost, total.missing, total.repeated, total.reordered, total.strange,
           total.garbled, total.cut, total.refused, total.finished, total.ends);
    print_spread("latency_ms", &latency);
    print_spread("finish_ms", &finish_times);
    printf(",\"wall_s\":%.6f,\"stream_s\":%.6f,\"cpu_s\":%.6f}\n",
           total.last_finish ? (double)(total.last_finish - total.began) / 1e9 : 0.0,
           total.first_stamp ? (double)(total.last_delivery - total.first_stamp) / 1e9 : 0.0,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

static void read_paths(void) {
    FILE *file = fopen(o.paths, "r");
    char line[1024];
    if (!file) die("%s: %s", o.paths, strerror(errno));
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        paths = realloc(paths, (size_t)(path_count + 1) * sizeof *paths);
        paths[path_count++] = strdup(line);
    }
    fclose(file);
    if (!path_count) die("%s is empty", o.paths);
}

static void read_options(int argc, char **argv) {
    static const struct option names[] = {
        {"port", 1, 0, 'p'}, {"paths", 1, 0, 'f'}, {"connections", 1, 0, 'c'}, {"header", 1, 0, 'h'},
        {"window", 1, 0, 'w'}, {"count", 1, 0, 'n'}, {"first", 1, 0, 'a'}, {"last", 1, 0, 'z'},
        {"drop-from", 1, 0, 'd'}, {"drop-to", 1, 0, 'D'}, {"replays", 1, 0, 'r'}, {"seconds", 1, 0, 's'},
        {"nap-us", 1, 0, 'u'}, {0, 0, 0, 0}};
    for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (name) {
        case 'p': o.port = atoi(optarg); break;
        case 'f': o.paths = optarg; break;
        case 'c': o.connections = atoi(optarg); break;
        case 'h': o.header = optarg; break; /* whole lines, each with its \r\n */
        case 'w': o.window = atoi(optarg); break; /* so many unanswered requests at once */
        case 'n': o.count_data = !strcmp(optarg, "data"); break;
        case 'a': o.first = strtoull(optarg, NULL, 10); break;
        case 'z': o.last = strtoull(optarg, NULL, 10); break; /* 0: nothing is counted, nobody finishes */
        case 'd': o.drop_from = strtoull(optarg, NULL, 10); break;
        case 'D': o.drop_to = strtoull(optarg, NULL, 10); break;
        case 'r': o.replays = strtoull(optarg, NULL, 10); break;
        case 'u': o.nap_us = atoi(optarg); break; /* between reads, so that a wake-up brings more than one event */
        case 's': o.seconds = atof(optarg); break;
        default: exit(2);
    }
    if (optind != argc || !o.paths || !o.port || o.connections < 1 || (o.last && o.last < o.first)) die("see the head of loadgen.c");
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    read_paths();
    run();
    report();
    return 0;
}
