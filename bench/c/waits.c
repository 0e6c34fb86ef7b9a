// What the benchmarks compare with: the same waits in C. An idle second thread makes it what every Go program is, a process
// whose descriptors are shared, so that each call in the kernel pays for that.
//
//	waits echo                  prints the port, and answers on one thread
//	waits ring PIPES EVENTS     prints nanoseconds an event
//	waits ready FDS CALLS       prints nanoseconds a call
//	waits change CALLS          prints nanoseconds for an addition and a removal
//	waits modify CALLS          prints nanoseconds a modification
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void check(int result, const char *call) {
	if (result < 0) {
		perror(call);
		exit(1);
	}
}

static void *idle(void *none) {
	pause();
	return none;
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void add(int epfd, int fd, int number) {
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
	check(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void echo(int epfd) {
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	check(bind(listener, (struct sockaddr *)&address, length), "bind");
	check(listen(listener, 4096), "listen");
	check(getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
	printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
	fflush(stdout);
	add(epfd, listener, listener);
	static char buffer[64 << 10];
	static struct epoll_event events[256];
	for (;;) {
		int n = epoll_wait(epfd, events, 256, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.u32;
			if (fd == listener) {
				int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
				if (client >= 0)
					add(epfd, client, client);
				continue;
			}
			ssize_t got = read(fd, buffer, sizeof buffer);
			if (got == 0 || (got < 0 && errno != EAGAIN))
				close(fd);
			else if (got > 0 && write(fd, buffer, got) < 0)
				close(fd);
		}
	}
}

static double ring(int epfd, int pipes, int count) {
	int(*ends)[2] = calloc(pipes, sizeof *ends);
	for (int i = 0; i < pipes; i++) {
		check(pipe2(ends[i], O_NONBLOCK), "pipe2");
		add(epfd, ends[i][0], i);
	}
	static struct epoll_event events[64];
	char buffer[8];
	check(write(ends[0][1], "xxxxxxxx", 8), "write");
	double start = now();
	for (int done = 0; done < count;) {
		int n = epoll_wait(epfd, events, 64, -1);
		for (int i = 0; i < n; i++, done++) {
			int at = events[i].data.u32;
			check(read(ends[at][0], buffer, 8), "read");
			check(write(ends[(at + 1) % pipes][1], buffer, 8), "write");
		}
	}
	return (now() - start) / count;
}

static double ready(int epfd, int fds, int calls) {
	static struct epoll_event events[64];
	for (int i = 0; i < fds; i++) {
		int fd = eventfd(i == 0, EFD_NONBLOCK);
		check(fd, "eventfd");
		add(epfd, fd, fd);
	}
	double start = now();
	for (int i = 0; i < calls; i++)
		check(epoll_wait(epfd, events, 64, 0), "epoll_wait");
	return (now() - start) / calls;
}

static double change(int epfd, int calls, int modify) {
	struct epoll_event event = {.events = EPOLLIN};
	int ends[2];
	check(pipe2(ends, O_NONBLOCK), "pipe2");
	if (modify)
		add(epfd, ends[0], 0);
	double start = now();
	for (int i = 0; i < calls; i++) {
		if (modify) {
			check(epoll_ctl(epfd, EPOLL_CTL_MOD, ends[0], &event), "epoll_ctl");
			continue;
		}
		check(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event), "epoll_ctl");
		check(epoll_ctl(epfd, EPOLL_CTL_DEL, ends[0], NULL), "epoll_ctl");
	}
	return (now() - start) / calls;
}

int main(int count, char **arguments) {
	pthread_t thread;
	check(-pthread_create(&thread, NULL, idle, NULL), "pthread_create");
	int epfd = epoll_create1(0);
	check(epfd, "epoll_create1");
	const char *what = count > 1 ? arguments[1] : "";
	int first = count > 2 ? atoi(arguments[2]) : 0, second = count > 3 ? atoi(arguments[3]) : 0;
	if (strcmp(what, "echo") == 0)
		echo(epfd);
	else if (strcmp(what, "ring") == 0)
		printf("%f\n", ring(epfd, first, second));
	else if (strcmp(what, "ready") == 0)
		printf("%f\n", ready(epfd, first, second));
	else if (strcmp(what, "change") == 0)
		printf("%f\n", change(epfd, first, 0));
	else if (strcmp(what, "modify") == 0)
		printf("%f\n", change(epfd, first, 1));
	else
		return 2;
	return 0;
}
