// The C programs share this code. It raises the limit of descriptors and measures on request. The
// first line of output is "ready". For each number N in the input, the program makes N operations
// and prints their time and processor time as {"ns": NANOSECONDS, "cpu": NANOSECONDS}.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static inline int check(int result, const char *call) {
	if (result < 0) {
		perror(call);
		exit(1);
	}
	return result;
}

static inline double clock_ns(clockid_t clock) {
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static inline double now(void) {
	return clock_ns(CLOCK_MONOTONIC);
}

static inline void raise_limit(void) {
	struct rlimit limit;
	check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

static void *idle(void *none) {
	for (;;)
		pause();
	return none;
}

// share starts a thread, with which the process shares its descriptors, like every Go program. The
// kernel then counts references to a descriptor in each call.
static inline void share(void) {
	pthread_t thread;
	check(-pthread_create(&thread, NULL, idle, NULL), "pthread_create");
}

static inline void measure(void (*work)(int)) {
	int n;
	printf("ready\n");
	fflush(stdout);
	while (scanf("%d", &n) == 1) {
		if (n > 1)
			work(n / 2); // to warm up
		double cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), start = now();
		work(n);
		double took = now() - start;
		printf("{\"ns\": %f, \"cpu\": %f}\n", took, clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu);
		fflush(stdout);
	}
}

// make_pipes makes non-blocking pipes. The reading end of pipe i is ends[i][0].
static inline int (*make_pipes(int n))[2] {
	int(*ends)[2] = calloc(n, sizeof *ends);
	for (int i = 0; i < n; i++)
		check(pipe2(ends[i], O_NONBLOCK | O_CLOEXEC), "pipe2");
	return ends;
}

static char eight[8];
