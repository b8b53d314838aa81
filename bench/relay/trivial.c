/*
 * A server that does nothing but write: what the load generator takes from it is its ceiling.
 *
 *   trivial --connections N --last L [--lose A] [--repeat B]
 *
 * It says on which port of loopback it listens, waits until N listeners have asked for whatever it
 * be, then builds one event stream of the numbers 1 to L and writes it to all in turn, in chunks of
 * 64 KiB. It leaves number A out and sends number B twice, so that a count of losses can be proved.
 * The end of standard input ends it.
 */
#define _GNU_SOURCE
#include "program.h"

#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { CHUNK = 64 * 1024, FRAME = 512 };

static const char HEAD[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
static int connections;
static uint64_t last, lose, repeat;

static int frame(char *to, uint64_t number) {
    return snprintf(to, FRAME,
                    "event: custom\ndata: {\"ns\":[],\"data\":{\"stamp\":\"%08" PRIu64 "@%016" PRId64
                    "\",\"node\":\"writer\",\"delta\":\"and the river went on\"}}\nid: %" PRIu64 "\n\n",
                    number, now_ns(), number);
}

static char *body(size_t *length) {
    char *text = NULL, chunk[CHUNK];
    FILE *out = open_memstream(&text, length);
    int filled = 0;
    for (uint64_t n = 1; n <= last; n++) {
        for (int times = n == lose ? 0 : n == repeat ? 2 : 1; times; times--) filled += frame(chunk + filled, n);
        if (filled && (filled > CHUNK - 2 * FRAME || n == last)) {
            fprintf(out, "%x\r\n%.*s\r\n", (unsigned)filled, filled, chunk);
            filled = 0;
        }
    }
    fclose(out);
    return text;
}

static int port_of_loopback(int listening) {
    struct sockaddr_in at = loopback(0);
    socklen_t size = sizeof at;
    if (bind(listening, (struct sockaddr *)&at, size) || listen(listening, 4096)) die("listen: %s", strerror(errno));
    getsockname(listening, (struct sockaddr *)&at, &size);
    return ntohs(at.sin_port);
}

static void take_all(int listening, struct pollfd *sockets) {
    char request[2048];
    for (int i = 0; i < connections; i++) {
        sockets[i] = (struct pollfd){accept(listening, NULL, NULL), POLLOUT, 0};
        if (recv(sockets[i].fd, request, sizeof request, 0) <= 0) die("a listener left");
        if (send(sockets[i].fd, HEAD, sizeof HEAD - 1, MSG_NOSIGNAL) < 0) die("send: %s", strerror(errno));
    }
}

static void write_to_all(struct pollfd *sockets, const char *text, size_t length) {
    size_t *at = calloc((size_t)connections, sizeof *at);
    for (int left = connections; left;) {
        poll(sockets, (nfds_t)connections, -1);
        for (int i = 0; i < connections; i++) {
            if (sockets[i].fd < 0 || !sockets[i].revents) continue;
            size_t part = length - at[i] < 2 * CHUNK ? length - at[i] : 2 * CHUNK;
            ssize_t sent = send(sockets[i].fd, text + at[i], part, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && errno == EAGAIN) continue;
            if (sent > 0) at[i] += (size_t)sent;
            if (sent < 0 || at[i] == length) sockets[i].fd = -1, left--;
        }
    }
}

static void read_options(int argc, char **argv) {
    static const struct option names[] = {{"connections", 1, 0, 'c'}, {"last", 1, 0, 'z'},
                                          {"lose", 1, 0, 'l'}, {"repeat", 1, 0, 'r'}, {0, 0, 0, 0}};
    for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (name) {
        case 'c': connections = atoi(optarg); break;
        case 'z': last = strtoull(optarg, NULL, 10); break;
        case 'l': lose = strtoull(optarg, NULL, 10); break;
        case 'r': repeat = strtoull(optarg, NULL, 10); break;
        default: exit(2);
    }
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    struct pollfd *sockets = calloc((size_t)connections, sizeof *sockets);
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    size_t length;
    printf("{\"port\":%d}\n", port_of_loopback(listening));
    fflush(stdout);
    take_all(listening, sockets);
    char *text = body(&length);
    write_to_all(sockets, text, length);
    while (getchar() != EOF) continue;
    return 0;
}
