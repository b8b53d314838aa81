/*
 * Writes events into many logs at a set pace, or flat out, from requests made beforehand.
 *
 *   publisher --port P | --unix PATH  --requests FILE  --count N  --reply TEXT  [options]
 *
 * FILE holds a request for each log: its length in decimal, a line break, its bytes, whatever the
 * protocol. Wherever NNNNNNNN stands in it, the event's number is written, eight digits; where
 * TTTTTTTTTTTTTTTT stands, CLOCK_MONOTONIC in nanoseconds as the request is written, sixteen. So a
 * request costs a copy, and the publisher takes no core from what it shares one with.
 *
 * The logs' events are spread evenly over time: with --rate R each log gets R a second. Requests are
 * pipelined, a log's all on one connection, --window at most without a reply. TEXT stands in each
 * good reply once; where none comes for --patience seconds, the program ends and says what came last.
 */
#define _GNU_SOURCE
#include "program.h"

#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { PLACES = 8, OUT = 256 * 1024, MOST_CONNECTIONS = 64 };

struct request {
    char *text;
    size_t length;
    int numbers, stamps;
    size_t number_at[PLACES], stamp_at[PLACES];
};

struct connection {
    int fd, matched;
    uint64_t unanswered;
    size_t filled;
    char out[OUT], tail[512];
};

static struct {
    const char *requests, *unix_path, *reply;
    int port, connections;
    uint64_t first, count, window;
    double rate, patience_s;
} o = {.first = 1, .connections = 1, .window = 64, .patience_s = 10};

static struct request *requests;
static int request_count;
static struct connection *connections;
static uint64_t answered, late_most, late_over_5_ms;

/* ---- requests ---- */

static int places(const struct request *r, const char *mark, size_t *at) {
    int count = 0;
    char *found = r->text;
    while ((found = memmem(found, r->length - (size_t)(found - r->text), mark, strlen(mark)))) {
        if (count == PLACES) die("more than %d places for %s", PLACES, mark);
        at[count++] = (size_t)(found - r->text);
        found += strlen(mark);
    }
    return count;
}

static void read_requests(void) {
    FILE *file = fopen(o.requests, "rb");
    size_t length;
    if (!file) die("%s: %s", o.requests, strerror(errno));
    while (fscanf(file, "%zu", &length) == 1) {
        requests = realloc(requests, (size_t)(request_count + 1) * sizeof *requests);
        struct request *r = &requests[request_count++];
        *r = (struct request){.text = malloc(length), .length = length};
        if (fgetc(file) != '\n' || fread(r->text, 1, length, file) != length) die("%s is cut", o.requests);
        if (length > OUT / 4) die("a request is longer than %d bytes", OUT / 4);
        r->numbers = places(r, "NNNNNNNN", r->number_at);
        r->stamps = places(r, "TTTTTTTTTTTTTTTT", r->stamp_at);
    }
    fclose(file);
    if (!request_count) die("%s is empty", o.requests);
}

static void write_digits(char *at, int digits, uint64_t value) {
    while (digits--) at[digits] = (char)('0' + value % 10), value /= 10;
}

static void put(struct connection *c, const struct request *r, uint64_t number) {
    char *text = c->out + c->filled;
    uint64_t now = (uint64_t)now_ns();
    memcpy(text, r->text, r->length);
    for (int i = 0; i < r->numbers; i++) write_digits(text + r->number_at[i], 8, number);
    for (int i = 0; i < r->stamps; i++) write_digits(text + r->stamp_at[i], 16, now);
    c->filled += r->length;
    c->unanswered++;
}

/* ---- connections ---- */

static int call(void) {
    struct sockaddr_in tcp = loopback(o.port);
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    if (o.unix_path) strncpy(local.sun_path, o.unix_path, sizeof local.sun_path - 1);
    struct sockaddr *to = o.unix_path ? (struct sockaddr *)&local : (struct sockaddr *)&tcp;
    int fd = socket(to->sa_family, SOCK_STREAM, 0), on = 1;
    if (connect(fd, to, o.unix_path ? sizeof local : sizeof tcp)) die("connect: %s", strerror(errno));
    if (!o.unix_path) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void flush(struct connection *c) {
    if (!c->filled) return;
    ssize_t sent = send(c->fd, c->out, c->filled, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) die("send: %s; last came: %s", strerror(errno), c->tail);
    if (sent <= 0) return;
    c->filled -= (size_t)sent;
    memmove(c->out, c->out + sent, c->filled);
}

static void replies_came(struct connection *c) {
    char text[64 * 1024];
    ssize_t size = recv(c->fd, text, sizeof text, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) die("the server hung up; last came: %s", c->tail);
    for (ssize_t i = 0; i < size; i++) {
        if (text[i] == o.reply[c->matched]) c->matched++;
        else c->matched = text[i] == o.reply[0];
        if (o.reply[c->matched]) continue;
        c->matched = 0;
        c->unanswered--;
        answered++;
    }
    size_t kept = (size_t)size < sizeof c->tail - 1 ? (size_t)size : sizeof c->tail - 1;
    memcpy(c->tail, text + size - (ssize_t)kept, kept);
    c->tail[kept] = 0;
}

static void exchange(int64_t wait_ns) {
    struct pollfd sockets[MOST_CONNECTIONS];
    for (int i = 0; i < o.connections; i++) {
        flush(&connections[i]);
        sockets[i] = (struct pollfd){connections[i].fd, POLLIN, 0};
        if (connections[i].filled) sockets[i].events |= POLLOUT;
    }
    struct timespec timeout = {wait_ns / 1000000000, wait_ns % 1000000000};
    ppoll(sockets, (nfds_t)o.connections, &timeout, NULL);
    for (int i = 0; i < o.connections; i++)
        if (sockets[i].revents & ~POLLOUT) replies_came(&connections[i]);
}

/* ---- the run: event k goes to log k % logs ---- */

static int64_t due_ns(uint64_t k) {
    return o.rate > 0 ? (int64_t)((double)k * 1e9 / (o.rate * request_count)) : 0;
}

/* Puts what is due into the connections; how many events are put by now. */
static uint64_t put_due(uint64_t k, uint64_t all, int64_t began) {
    for (int64_t now = now_ns(); k < all && began + due_ns(k) <= now; k++) {
        int log = (int)(k % (uint64_t)request_count);
        struct connection *c = &connections[log % o.connections];
        if (c->unanswered >= o.window || c->filled > OUT / 2) break;
        put(c, &requests[log], o.first + k / (uint64_t)request_count);
        uint64_t late = o.rate > 0 ? (uint64_t)(now - began - due_ns(k)) : 0;
        if (late > late_most) late_most = late;
        late_over_5_ms += late > 5000000;
    }
    return k;
}

static void run(void) {
    uint64_t all = o.count * (uint64_t)request_count, put_by_now = 0, before;
    int64_t began = now_ns(), progress = began;
    while (answered < all) {
        put_by_now = put_due(put_by_now, all, began);
        int64_t wait = began + due_ns(put_by_now) - now_ns();
        before = answered;
        /* Woken a thousand times a second at most while it keeps a pace. */
        if (put_by_now == all || o.rate <= 0) wait = 20000000;
        else if (wait < 1000000) wait = 1000000;
        exchange(wait);
        int64_t now = now_ns();
        if (answered > before || put_by_now == answered) progress = now;
        if ((double)(now - progress) > o.patience_s * 1e9)
            die("%lu of %lu answered; last came: %s", answered, put_by_now, connections[0].tail);
    }
    printf("{\"published\":%lu,\"wall_s\":%.6f,\"late_most_ms\":%.3f,\"late_over_5_ms\":%lu,\"cpu_s\":%.6f}\n", all,
           (double)(now_ns() - began) / 1e9, (double)late_most / 1e6, late_over_5_ms, cpu_s());
}

static void read_options(int argc, char **argv) {
    static const struct option names[] = {
        {"port", 1, 0, 'p'}, {"unix", 1, 0, 'u'}, {"requests", 1, 0, 'f'}, {"reply", 1, 0, 'o'}, {"count", 1, 0, 'n'},
        {"first", 1, 0, 'a'}, {"rate", 1, 0, 'r'}, {"connections", 1, 0, 'c'}, {"window", 1, 0, 'w'},
        {"patience", 1, 0, 't'}, {0, 0, 0, 0}};
    for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (name) {
        case 'p': o.port = atoi(optarg); break;
        case 'u': o.unix_path = optarg; break;
        case 'f': o.requests = optarg; break;
        case 'o': o.reply = optarg; break;
        case 'n': o.count = strtoull(optarg, NULL, 10); break;
        case 'a': o.first = strtoull(optarg, NULL, 10); break;
        case 'r': o.rate = atof(optarg); break; /* 0 is flat out */
        case 'c': o.connections = atoi(optarg); break;
        case 't': o.patience_s = atof(optarg); break;
        case 'w': o.window = strtoull(optarg, NULL, 10); break;
        default: exit(2);
    }
    if (!o.requests || !o.reply || !o.count || o.connections < 1 || o.connections > MOST_CONNECTIONS)
        die("see the head of publisher.c");
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    read_requests();
    connections = calloc((size_t)o.connections, sizeof *connections);
    for (int i = 0; i < o.connections; i++) connections[i].fd = call();
    run();
    return 0;
}
