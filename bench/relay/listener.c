/*
 * A listener's life: it calls, asks, drops and comes back, is done, begins again. See loadgen.c.
 */
#define _GNU_SOURCE
#include "listener.h"
#include "program.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct listener *listeners;
char **paths;
int path_count, epoll_fd, pending, over;
static int waiting_to_return;
static uint64_t replays_started;

void forget_frame(struct listener *l) {
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
    struct sockaddr_in to = loopback(o.port);
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

void begin_replay(struct listener *l, int64_t now) {
    l->since = now;
    l->highest = 0;
    l->seen_count = 0;
    l->last_id[0] = 0;
    if (l->seen) memset(l->seen, 0, o.last / 8 + 1);
    replays_started++;
    call(l);
}

/* What this replay lacks; once, at its end, however it ended. */
void settle(struct listener *l) {
    if (!o.last) return;
    total.lost += l->highest - l->seen_count;
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

void finish(struct listener *l, int64_t now) {
    add_time(&total.finish_times, now - l->since);
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

void drop(struct listener *l) {
    hang_up(l);
    l->dropped = true;
    if (++waiting_to_return == o.connections) all_return();
}

/* Where the server would not go on: whoever would have dropped comes back with the others. */
void give_up(struct listener *l) {
    if (l->drop_at && !l->dropped) drop(l);
    else end(l);
}

void ask(struct listener *l) {
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
