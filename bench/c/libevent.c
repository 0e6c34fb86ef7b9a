// This program makes the waits of waits.c with libevent:
//
//	libevent ready WATCHED    a loop that does not wait, with one ready event
//	libevent change           event_add and event_del
//	libevent ring PIPES
//	libevent echo
//	libevent version         prints the version and the mechanism
#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

static struct event_base *base;
static struct event **all;
static int (*ends)[2];
static int watched, left;

static void nothing(evutil_socket_t fd, short what, void *none) {
	(void)fd, (void)what, (void)none;
}

static void ready(int n) {
	while (n-- > 0)
		event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
}

static void change(int n) {
	while (n-- > 0) {
		check(event_add(all[0], NULL), "event_add");
		check(event_del(all[0]), "event_del");
	}
}

static void pass(evutil_socket_t fd, short what, void *number) {
	int at = (int)(long)number;
	(void)what;
	check(read(fd, eight, 8), "read");
	check(write(ends[(at + 1) % watched][1], eight, 8), "write");
	if (--left == 0)
		event_base_loopbreak(base);
}

static void ring(int n) {
	left = n;
	event_base_dispatch(base);
}

static void answer(evutil_socket_t fd, short what, void *self) {
	static char buffer[64 << 10];
	(void)what;
	ssize_t got = read(fd, buffer, sizeof buffer);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0 || write(fd, buffer, got) < 0) {
		event_free(*(struct event **)self);
		free(self);
		close(fd);
	}
}

static void accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int length, void *none) {
	struct event **client = calloc(1, sizeof *client);
	(void)listener, (void)peer, (void)length, (void)none;
	*client = event_new(base, fd, EV_READ | EV_PERSIST, answer, client);
	check(event_add(*client, NULL), "event_add");
}

static void echo(void) {
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	struct evconnlistener *listener =
	    evconnlistener_new_bind(base, accepted, NULL, LEV_OPT_CLOSE_ON_FREE, 4096, (struct sockaddr *)&address, length);
	check(listener == NULL ? -1 : 0, "evconnlistener_new_bind");
	check(getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &length), "getsockname");
	printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
	fflush(stdout);
	event_base_dispatch(base);
}

int main(int count, char **arguments) {
	const char *what = count > 1 ? arguments[1] : "";
	watched = count > 2 ? atoi(arguments[2]) : 1;
	raise_limit();
	share();
	base = event_base_new();
	if (strcmp(what, "version") == 0) {
		printf("libevent %s, %s\n", event_get_version(), event_base_get_method(base));
		return 0;
	}
	if (strcmp(what, "echo") == 0)
		echo();
	all = calloc(watched, sizeof *all);
	if (strcmp(what, "ready") == 0) {
		for (int i = 0; i < watched; i++) {
			all[i] = event_new(base, check(eventfd(i == 0, EFD_NONBLOCK), "eventfd"), EV_READ | EV_PERSIST, nothing, NULL);
			check(event_add(all[i], NULL), "event_add");
		}
		measure(ready);
	}
	ends = make_pipes(watched);
	for (int i = 0; i < watched; i++)
		all[i] = event_new(base, ends[i][0], EV_READ | EV_PERSIST, pass, (void *)(long)i);
	if (strcmp(what, "change") == 0)
		measure(change);
	if (strcmp(what, "ring") == 0) {
		for (int i = 0; i < watched; i++)
			check(event_add(all[i], NULL), "event_add");
		check(write(ends[0][1], eight, 8), "write");
		measure(ring);
	}
	return 0;
}
