// This program makes the waits of package rival in C. With "mt" it has an idle second thread,
// because every Go program has several threads. With "one" it has no other thread.
//
//	waits one|mt ready WATCHED          epoll_wait that does not wait, with one ready
//	waits one|mt change                 adds a descriptor to an epoll and removes it
//	waits one|mt modify                 modifies a registration
//	waits one|mt poll|select WATCHED    a call that does not wait, with the last one ready
//	waits one|mt some|some-poll|some-select WATCHED READY
//	waits one|mt ring|ring-poll|ring-select PIPES
//	waits one|mt late NANOSECONDS       timeouts of epoll_pwait2
//	waits one|mt threads                two threads that wake each other
//	waits one|mt process                a process that a peer wakes
//	waits one|mt several N THREADS      threads that share an epoll of N one-shot descriptors
//	waits one|mt kqueue READY           epoll_wait, with READY of 64 descriptors ready
//	waits one|mt peer                   the peer: replies to 8 bytes of input with 8 bytes
//	waits one|mt echo                   the server, on one thread
#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static int epfd, watched, nfds, late_ns;
static int (*ends)[2];
static struct pollfd *fds;
static unsigned long *full, *set;
static size_t set_size;
static struct epoll_event *events;
static int room = 64;

static void add(int fd, int number) {
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
	check(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void expect(int n, int result, const char *call) {
	if (check(result, call) != n) {
		fprintf(stderr, "%s: %d ready\n", call, result);
		exit(1);
	}
}

// watch makes n eventfds, with a list of them for poll and a set for select. The last ones are
// readable.
static void watch(int n, int ready) {
	watched = n;
	fds = calloc(n, sizeof *fds);
	for (int i = 0; i < n; i++) {
		int fd = check(eventfd(i >= n - ready, EFD_NONBLOCK), "eventfd");
		fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
		nfds = fd + 1;
	}
	set_size = (nfds + 63) / 64 * 8;
	full = calloc(1, set_size);
	set = calloc(1, set_size);
	for (int i = 0; i < n; i++)
		full[fds[i].fd / 64] |= 1ul << (fds[i].fd % 64);
}

static int expected = 1;

static void by_epoll(int n) {
	while (n-- > 0)
		expect(expected, epoll_wait(epfd, events, room, 0), "epoll_wait");
}

static void by_poll(int n) {
	while (n-- > 0)
		expect(expected, poll(fds, watched, 0), "poll");
}

static void by_select(int n) {
	while (n-- > 0) {
		struct timeval zero = {0};
		memcpy(set, full, set_size);
		expect(expected, select(nfds, (fd_set *)set, NULL, NULL, &zero), "select");
	}
}

static void change(int n) {
	struct epoll_event event = {.events = EPOLLIN};
	while (n-- > 0) {
		check(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0][0], &event), "epoll_ctl");
		check(epoll_ctl(epfd, EPOLL_CTL_DEL, ends[0][0], NULL), "epoll_ctl");
	}
}

static void modify(int n) {
	struct epoll_event event = {.events = EPOLLIN};
	while (n-- > 0)
		check(epoll_ctl(epfd, EPOLL_CTL_MOD, ends[0][0], &event), "epoll_ctl");
}

static void pass(int at) {
	check(read(ends[at][0], eight, 8), "read");
	check(write(ends[(at + 1) % watched][1], eight, 8), "write");
}

static void ring_epoll(int n) {
	while (n > 0) {
		int ready = epoll_wait(epfd, events, 64, -1);
		for (int i = 0; i < ready; i++, n--)
			pass(events[i].data.u32);
	}
}

static void ring_poll(int n) {
	while (n > 0) {
		int ready = poll(fds, watched, -1);
		for (int i = 0; i < watched && ready > 0; i++) {
			if (fds[i].revents) {
				pass(i);
				ready--;
				n--;
			}
		}
	}
}

static void ring_select(int n) {
	while (n > 0) {
		memcpy(set, full, set_size);
		int ready = select(nfds, (fd_set *)set, NULL, NULL, NULL);
		for (int i = 0; i < watched && ready > 0; i++) {
			int fd = ends[i][0];
			if (set[fd / 64] >> (fd % 64) & 1) {
				pass(i);
				ready--;
				n--;
			}
		}
	}
}

static void ring(int n, const char *how) {
	ends = make_pipes(n);
	watched = n;
	fds = calloc(n, sizeof *fds);
	nfds = ends[n - 1][1] + 1;
	set_size = (nfds + 63) / 64 * 8;
	full = calloc(1, set_size);
	set = calloc(1, set_size);
	for (int i = 0; i < n; i++) {
		int fd = ends[i][0];
		fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
		full[fd / 64] |= 1ul << (fd % 64);
		add(fd, i);
	}
	check(write(ends[0][1], eight, 8), "write");
	measure(strcmp(how, "poll") == 0 ? ring_poll : strcmp(how, "select") == 0 ? ring_select : ring_epoll);
}

static int ascending(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

// late prints the median and the 99th percentile of how late timeouts are, and counts early ones.
static void late(void) {
	int n;
	printf("ready\n");
	fflush(stdout);
	while (scanf("%d", &n) == 1) {
		struct timespec timeout = {.tv_nsec = late_ns};
		double *took = calloc(n, sizeof *took), total = 0;
		int early = 0;
		for (int i = 0; i < n; i++) {
			double start = now();
			check(syscall(SYS_epoll_pwait2, epfd, events, room, &timeout, NULL, 0), "epoll_pwait2");
			took[i] = now() - start - late_ns;
			total += took[i] + late_ns;
			early += took[i] < 0;
		}
		qsort(took, n, sizeof *took, ascending);
		printf("{\"ns\": %f, \"p50\": %f, \"p99\": %f, \"early\": %d}\n", total, took[n / 2], took[n * 99 / 100], early);
		fflush(stdout);
		free(took);
	}
}

static int threads;
static long left;

// several_loop reads from descriptors and arms them again until enough events are handled.
static void *several_loop(void *none) {
	struct epoll_event list[16];
	while (__atomic_load_n(&left, __ATOMIC_RELAXED) > 0) {
		int n = check(epoll_wait(epfd, list, 16, -1), "epoll_wait");
		for (int i = 0; i < n; i++) {
			int fd = list[i].data.u32;
			struct epoll_event again = {.events = EPOLLIN | EPOLLONESHOT, .data.u32 = fd};
			check(read(fd, eight, 8), "read");
			check(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &again), "epoll_ctl");
		}
		__atomic_fetch_sub(&left, n, __ATOMIC_RELAXED);
	}
	return none;
}

static void several(int n) {
	pthread_t all[64];
	left = n;
	for (int i = 0; i < threads; i++)
		check(-pthread_create(&all[i], NULL, several_loop, NULL), "pthread_create");
	for (int i = 0; i < threads; i++)
		pthread_join(all[i], NULL);
}

static void counters(int n) {
	while (n-- > 0) {
		int fd = check(eventfd(0xfffffffe, EFD_NONBLOCK | EFD_SEMAPHORE), "eventfd");
		struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u32 = fd};
		check(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
	}
}

static void await(int ep, int fd) {
	struct epoll_event event;
	expect(1, epoll_wait(ep, &event, 1, -1), "epoll_wait");
	check(read(fd, eight, 8), "read");
}

static int epoll_of(int fd) {
	int ep = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	struct epoll_event event = {.events = EPOLLIN};
	check(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
	return ep;
}

static void *partner(void *none) {
	int ep = epoll_of(ends[0][0]);
	for (;;) {
		await(ep, ends[0][0]);
		check(write(ends[1][1], eight, 8), "write");
	}
	return none;
}

// ping wakes the partner or the peer, and waits for its reply.
static void ping(int n) {
	while (n-- > 0) {
		check(write(ends[0][1], eight, 8), "write");
		await(epfd, ends[1][0]);
	}
}

static void wake(int by_thread, const char *self) {
	ends = make_pipes(2);
	epfd = epoll_of(ends[1][0]);
	if (by_thread) {
		pthread_t thread;
		check(-pthread_create(&thread, NULL, partner, NULL), "pthread_create");
	} else if (check(fork(), "fork") == 0) {
		dup2(ends[0][0], 0);
		dup2(ends[1][1], 1);
		execl(self, self, "one", "peer", NULL);
		_exit(1);
	}
	measure(ping);
}

// peer reads and writes in blocking mode.
static void peer(void) {
	fcntl(0, F_SETFL, 0);
	fcntl(1, F_SETFL, 0);
	while (read(0, eight, 8) == 8)
		check(write(1, eight, 8), "write");
}

static void echo(void) {
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int listener = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
	check(bind(listener, (struct sockaddr *)&address, length), "bind");
	check(listen(listener, 4096), "listen");
	check(getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
	printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
	fflush(stdout);
	add(listener, listener);
	static char buffer[64 << 10];
	for (;;) {
		int n = epoll_wait(epfd, events, 256, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.u32;
			if (fd == listener) {
				int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
				if (client >= 0)
					add(client, client);
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

int main(int count, char **arguments) {
	if (count < 3)
		return 2;
	const char *what = arguments[2];
	int first = count > 3 ? atoi(arguments[3]) : 0, second = count > 4 ? atoi(arguments[4]) : 1;
	raise_limit();
	if (strcmp(arguments[1], "mt") == 0)
		share();
	epfd = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	events = calloc(1024, sizeof *events);
	if (strcmp(what, "ready") == 0 || strncmp(what, "some", 4) == 0 || strcmp(what, "poll") == 0 || strcmp(what, "select") == 0) {
		const char *how = strncmp(what, "some-", 5) == 0 ? what + 5 : what;
		expected = second;
		room = second > 1 ? 1024 : 64;
		watch(first, second);
		for (int i = 0; i < watched && strcmp(how, "poll") != 0 && strcmp(how, "select") != 0; i++)
			add(fds[i].fd, fds[i].fd);
		measure(strcmp(how, "poll") == 0 ? by_poll : strcmp(how, "select") == 0 ? by_select : by_epoll);
	} else if (strcmp(what, "change") == 0) {
		ends = make_pipes(1);
		measure(change);
	} else if (strcmp(what, "modify") == 0) {
		ends = make_pipes(1);
		add(ends[0][0], 0);
		measure(modify);
	} else if (strncmp(what, "ring", 4) == 0) {
		ring(first, what[4] ? what + 5 : "epoll");
	} else if (strcmp(what, "several") == 0) {
		counters(first);
		threads = second;
		measure(several);
	} else if (strcmp(what, "kqueue") == 0) {
		expected = first;
		watch(64, first);
		for (int i = 0; i < watched; i++)
			add(fds[i].fd, fds[i].fd);
		measure(by_epoll);
	} else if (strcmp(what, "late") == 0) {
		late_ns = first;
		late();
	} else if (strcmp(what, "threads") == 0 || strcmp(what, "process") == 0) {
		wake(strcmp(what, "threads") == 0, arguments[0]);
	} else if (strcmp(what, "peer") == 0) {
		peer();
	} else if (strcmp(what, "echo") == 0) {
		echo();
	} else {
		return 2;
	}
	return 0;
}
