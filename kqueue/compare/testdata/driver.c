/*
 * Makes changes of a kqueue and waits for its events, as the lines on stdin say, and tells what came of it.
 *
 *	change IDENT FILTER FLAGS FFLAGS DATA	answered by ok or error ERRNO
 *	wait MILLISECONDS			answered by events N, and N lines FILTER FLAGS FFLAGS DATA
 */
#include <sys/types.h>
#include <sys/event.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#ifndef NOTE_ABSTIME
#define NOTE_ABSTIME NOTE_ABSOLUTE /* as libkqueue calls it */
#endif

struct name {
	const char *text;
	unsigned int value;
	int filter; /* that a note belongs to; 0 for filters and flags */
};

#define NAME(constant) {#constant, (unsigned int)(constant), 0}
#define NOTE(filter, constant) {#constant, (unsigned int)(constant), filter}

static const struct name filters[] = {
	NAME(EVFILT_READ), NAME(EVFILT_WRITE), NAME(EVFILT_VNODE), NAME(EVFILT_SIGNAL), NAME(EVFILT_TIMER), NAME(EVFILT_USER), {0},
};
static const struct name flags[] = {
	NAME(EV_ADD), NAME(EV_DELETE), NAME(EV_ENABLE), NAME(EV_DISABLE), NAME(EV_ONESHOT), NAME(EV_CLEAR), NAME(EV_DISPATCH),
	NAME(EV_EOF), NAME(EV_ERROR), {0},
};
static const struct name notes[] = {
	NOTE(EVFILT_READ, NOTE_LOWAT), NOTE(EVFILT_VNODE, NOTE_DELETE), NOTE(EVFILT_VNODE, NOTE_WRITE),
	NOTE(EVFILT_VNODE, NOTE_EXTEND), NOTE(EVFILT_VNODE, NOTE_ATTRIB), NOTE(EVFILT_VNODE, NOTE_LINK),
	NOTE(EVFILT_VNODE, NOTE_RENAME), NOTE(EVFILT_TIMER, NOTE_USECONDS), NOTE(EVFILT_TIMER, NOTE_NSECONDS),
	NOTE(EVFILT_TIMER, NOTE_SECONDS), NOTE(EVFILT_TIMER, NOTE_ABSTIME), NOTE(EVFILT_USER, NOTE_FFCOPY),
	NOTE(EVFILT_USER, NOTE_FFOR), NOTE(EVFILT_USER, NOTE_FFAND), NOTE(EVFILT_USER, NOTE_TRIGGER), {0},
};

/* number reads names, and numbers, joined by |. */
static unsigned int number(char *text, const struct name *names)
{
	unsigned int all = 0, value;
	char *rest = NULL;

	for (char *word = strtok_r(text, "|", &rest); word != NULL; word = strtok_r(NULL, "|", &rest)) {
		const struct name *name = names;
		while (name->text != NULL && strcmp(name->text, word) != 0)
			name++;
		if (name->text != NULL)
			all |= name->value;
		else if (sscanf(word, "%u", &value) == 1)
			all |= value;
	}
	return all;
}

/* spell writes the names of the bits that belong to filter, and the rest as a number. */
static void spell(unsigned int bits, const struct name *names, int filter)
{
	const char *between = "";

	for (const struct name *name = names; name->text != NULL; name++) {
		if (name->filter == filter && name->value != 0 && (bits & name->value) == name->value) {
			printf("%s%s", between, name->text);
			between = "|";
			bits &= ~name->value;
		}
	}
	if (bits != 0 || *between == '\0')
		printf("%s%u", between, bits);
	putchar(' ');
}

static void change(int queue, char *line)
{
	char filter[64], flag[256], note[256];
	unsigned int ident;
	int64_t data;
	struct kevent event;

	if (sscanf(line, "change %u %63s %255s %255s %" SCNd64, &ident, filter, flag, note, &data) != 5) {
		printf("error %d\n", EINVAL);
		return;
	}
	EV_SET(&event, ident, (short)number(filter, filters), (unsigned short)number(flag, flags), number(note, notes), data, NULL);
	if (kevent(queue, &event, 1, NULL, 0, NULL) < 0)
		printf("error %d\n", errno);
	else
		printf("ok\n");
}

static void await(int queue, long milliseconds)
{
	struct kevent events[16];
	struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000};
	int n = kevent(queue, NULL, 0, events, 16, &timeout);

	printf("events %d\n", n);
	for (int i = 0; i < n; i++) {
		const struct name *name = filters;
		while (name->text != NULL && (short)name->value != events[i].filter)
			name++;
		printf("%s ", name->text != NULL ? name->text : "unknown");
		spell(events[i].flags, flags, 0);
		spell(events[i].fflags, notes, events[i].filter);
		printf("%" PRId64 "\n", (int64_t)events[i].data);
	}
}

int main(void)
{
	char line[1024];
	long milliseconds;
	sigset_t watched;
	int queue;

	/* A signal that is watched has to be blocked, or it would end the program. */
	sigemptyset(&watched);
	sigaddset(&watched, SIGUSR1);
	sigprocmask(SIG_BLOCK, &watched, NULL);
	queue = kqueue();
	if (queue < 0) {
		perror("kqueue");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof line, stdin) != NULL) {
		if (sscanf(line, "wait %ld", &milliseconds) == 1)
			await(queue, milliseconds);
		else
			change(queue, line);
	}
	return 0;
}
