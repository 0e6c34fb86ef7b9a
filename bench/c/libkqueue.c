// This program calls kevent of libkqueue without waiting. READY of 64 eventfds are ready:
//
//	libkqueue kqueue READY
#define _GNU_SOURCE
#include "bench.h"

#include <sys/event.h>
#include <sys/eventfd.h>

static int queue, expected;

static void by_kevent(int n) {
	struct kevent events[64];
	struct timespec zero = {0};
	while (n-- > 0) {
		if (check(kevent(queue, NULL, 0, events, 64, &zero), "kevent") != expected) {
			fprintf(stderr, "kevent: not %d ready\n", expected);
			exit(1);
		}
	}
}

int main(int count, char **arguments) {
	if (count != 3)
		return 2;
	expected = atoi(arguments[2]);
	share();
	queue = check(kqueue(), "kqueue");
	for (int i = 0; i < 64; i++) {
		struct kevent change;
		EV_SET(&change, check(eventfd(i >= 64 - expected, EFD_NONBLOCK), "eventfd"), EVFILT_READ, EV_ADD, 0, 0, NULL);
		check(kevent(queue, &change, 1, NULL, 0, NULL), "kevent");
	}
	measure(by_kevent);
	return 0;
}
