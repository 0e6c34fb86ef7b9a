// This program makes the waits of waits.c with libuv:
//
//	libuv ready WATCHED    a loop that does not wait, with one ready descriptor
//	libuv ring PIPES
//	libuv echo
//	libuv version          prints the version
#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <sys/eventfd.h>
#include <uv.h>

static uv_loop_t *loop;
static uv_poll_t *all;
static int (*ends)[2];
static int watched, left;

static void must(int result, const char *call) {
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", call, uv_strerror(result));
		exit(1);
	}
}

static void nothing(uv_poll_t *handle, int status, int events) {
	(void)handle, (void)status, (void)events;
}

static void ready(int n) {
	while (n-- > 0)
		uv_run(loop, UV_RUN_NOWAIT);
}

static void pass(uv_poll_t *handle, int status, int events) {
	int at = handle - all;
	(void)status, (void)events;
	check(read(ends[at][0], eight, 8), "read");
	check(write(ends[(at + 1) % watched][1], eight, 8), "write");
	if (--left == 0)
		uv_stop(loop);
}

static void ring(int n) {
	left = n;
	uv_run(loop, UV_RUN_DEFAULT);
}

static void room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
	static char all_of_it[64 << 10];
	(void)handle, (void)suggested;
	*buffer = uv_buf_init(all_of_it, sizeof all_of_it);
}

static void gone(uv_handle_t *handle) {
	free(handle);
}

static void answer(uv_stream_t *client, ssize_t got, const uv_buf_t *buffer) {
	uv_buf_t data = uv_buf_init(buffer->base, got > 0 ? got : 0);
	if (got == 0)
		return;
	if (got < 0 || uv_try_write(client, &data, 1) < 0)
		uv_close((uv_handle_t *)client, gone);
}

static void accepted(uv_stream_t *listener, int status) {
	uv_tcp_t *client = malloc(sizeof *client);
	must(status, "listen");
	must(uv_tcp_init(loop, client), "uv_tcp_init");
	must(uv_accept(listener, (uv_stream_t *)client), "uv_accept");
	must(uv_read_start((uv_stream_t *)client, room, answer), "uv_read_start");
}

static void echo(void) {
	uv_tcp_t listener;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int length = sizeof address;
	must(uv_tcp_init(loop, &listener), "uv_tcp_init");
	must(uv_tcp_bind(&listener, (struct sockaddr *)&address, 0), "uv_tcp_bind");
	must(uv_listen((uv_stream_t *)&listener, 4096, accepted), "uv_listen");
	must(uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &length), "uv_tcp_getsockname");
	printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
	fflush(stdout);
	uv_run(loop, UV_RUN_DEFAULT);
}

static void watch(int at, int fd, uv_poll_cb each) {
	must(uv_poll_init(loop, &all[at], fd), "uv_poll_init");
	must(uv_poll_start(&all[at], UV_READABLE, each), "uv_poll_start");
}

int main(int count, char **arguments) {
	const char *what = count > 1 ? arguments[1] : "";
	watched = count > 2 ? atoi(arguments[2]) : 1;
	if (strcmp(what, "version") == 0) {
		printf("libuv %s\n", uv_version_string());
		return 0;
	}
	raise_limit();
	share();
	loop = uv_default_loop();
	all = calloc(watched, sizeof *all);
	if (strcmp(what, "echo") == 0) {
		echo();
	} else if (strcmp(what, "ready") == 0) {
		for (int i = 0; i < watched; i++)
			watch(i, check(eventfd(i == 0, EFD_NONBLOCK), "eventfd"), nothing);
		measure(ready);
	} else if (strcmp(what, "ring") == 0) {
		ends = make_pipes(watched);
		for (int i = 0; i < watched; i++)
			watch(i, ends[i][0], pass);
		uv_run(loop, UV_RUN_NOWAIT); // makes the registrations
		check(write(ends[0][1], eight, 8), "write");
		measure(ring);
	}
	return 0;
}
