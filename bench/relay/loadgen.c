/*
 * Listeners of event streams by the thousand, in one process, counted exactly.
 *
 *   loadgen --port P --paths FILE [options]
 *
 * Listener i asks for line i of FILE (again from the top where there are fewer). It reads chunked
 * or plain HTTP/1.1 and WHATWG event streams as they come in, and counts every number from 1 to
 * --last: `lost` are holes below the highest that came, `missing` never came, `repeated` came
 * again, `reordered` came behind a higher one. A number is the event's `id`, or with --count data
 * what stands in the data, where publisher.c writes "stamp":"NNNNNNNN@TTTTTTTTTTTTTTTT": a number
 * and CLOCK_MONOTONIC in nanoseconds, for the latency. `garbled` are ids that differ from it.
 *
 * One line of JSON says when all are accepted, one more what came of it. A line on standard input,
 * or its end, ends it early; --seconds ends it in any case. Sockets are closed by RST: the client's
 * ports are free at once.
 */
#define _GNU_SOURCE
#include "listener.h"
#include "program.h"

#include <getopt.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct options o = {.header = "", .connections = 1, .window = 1 << 20, .seconds = 60};
struct total total;
static int next_to_start;

static void start_some(void) {
    while (next_to_start < o.connections && pending < o.window) begin_replay(&listeners[next_to_start++], now_ns());
}

static void prepare(void) {
    listeners = calloc((size_t)o.connections, sizeof *listeners);
    if (!listeners) die("out of memory");
    for (int i = 0; i < o.connections; i++) {
        listeners[i].fd = -1;
        if (o.last) listeners[i].seen = calloc(1, o.last / 8 + 1);
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
    for (int i = 0; i < next_to_start; i++)
        if (listeners[i].http != OVER) settle(&listeners[i]);
    printf("{\"accepted\":%lu,\"delivered\":%lu,\"lost\":%lu,\"missing\":%lu,\"repeated\":%lu,\"reordered\":%lu,"
           "\"strange\":%lu,\"garbled\":%lu,\"cut\":%lu,\"refused\":%lu,\"finished\":%lu,\"ends\":%lu",
           total.accepted, total.delivered, total.lost, total.missing, total.repeated, total.reordered, total.strange,
           total.garbled, total.cut, total.refused, total.finished, total.ends);
    print_spread("latency_ms", &total.latency);
    print_spread("finish_ms", &total.finish_times);
    printf(",\"wall_s\":%.6f,\"stream_s\":%.6f,\"cpu_s\":%.6f}\n",
           total.last_finish ? (double)(total.last_finish - total.began) / 1e9 : 0.0,
           total.first_stamp ? (double)(total.last_delivery - total.first_stamp) / 1e9 : 0.0,
           cpu_s());
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
        {"window", 1, 0, 'w'}, {"count", 1, 0, 'n'}, {"last", 1, 0, 'z'},
        {"drop-from", 1, 0, 'd'}, {"drop-to", 1, 0, 'D'}, {"replays", 1, 0, 'r'}, {"seconds", 1, 0, 's'},
        {"nap-us", 1, 0, 'u'}, {0, 0, 0, 0}};
    for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (name) {
        case 'p': o.port = atoi(optarg); break;
        case 'f': o.paths = optarg; break;
        case 'c': o.connections = atoi(optarg); break;
        case 'h': o.header = optarg; break; /* whole lines, each with its \r\n */
        case 'w': o.window = atoi(optarg); break; /* so many unanswered requests at once */
        case 'n': o.count_data = !strcmp(optarg, "data"); break;
        case 'z': o.last = strtoull(optarg, NULL, 10); break; /* 0: nothing is counted, nobody finishes */
        case 'd': o.drop_from = strtoull(optarg, NULL, 10); break;
        case 'D': o.drop_to = strtoull(optarg, NULL, 10); break;
        case 'r': o.replays = strtoull(optarg, NULL, 10); break;
        case 'u': o.nap_us = atoi(optarg); break; /* between reads, so that a wake-up brings more than one event */
        case 's': o.seconds = atof(optarg); break;
        default: exit(2);
    }
    if (optind != argc || !o.paths || !o.port || o.connections < 1) die("see the head of loadgen.c");
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    read_paths();
    run();
    report();
    return 0;
}
