#define _GNU_SOURCE
#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#define LAST 64

typedef void (*handler)(int number, siginfo_t *info, void *context);

static struct watched {
    struct sigaction before;
    handler next; /* the function in before, which may be replaced during a read */
    int caught;
    int64_t count;
} watched[LAST + 1];

static sem_t arrived;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int
is_function(handler function)
{
    return function != (handler)SIG_DFL && function != (handler)SIG_IGN;
}

/* is_fault reports whether the signal comes from a faulting instruction, not from a process. */
static int
is_fault(int number, const siginfo_t *info)
{
    switch (number) {
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
        return info->si_code > 0;
    }
    return 0;
}

static void
count(int number, siginfo_t *info, void *context)
{
    int error = errno;
    struct watched *w = &watched[number];
    __atomic_add_fetch(&w->count, 1, __ATOMIC_SEQ_CST);
    sem_post(&arrived);
    handler next = __atomic_load_n(&w->next, __ATOMIC_SEQ_CST);
    if (is_function(next)) {
        next(number, info, context);
    }
    else if (is_fault(number, info)) {
        signal(number, SIG_DFL); /* the instruction runs again and ends the process */
    }
    errno = error;
}

static void
put_back(int number)
{
    struct sigaction current;
    if (sigaction(number, NULL, &current) == 0 && current.sa_sigaction == count) {
        sigaction(number, &watched[number].before, NULL);
    }
    watched[number].caught = 0;
}

/* after_fork runs in the child, which watches no signals. */
static void
after_fork(void)
{
    for (int i = 1; i <= LAST; i++) {
        if (watched[i].caught) {
            put_back(i);
        }
    }
}

static void
prepare(void)
{
    sem_init(&arrived, 0, 0);
    pthread_atfork(NULL, NULL, after_fork);
}

void
iomux_signals_catch(int number)
{
    pthread_once(&once, prepare);
    struct watched *w = &watched[number];
    struct sigaction current;
    if (sigaction(number, NULL, &current) != 0) {
        return;
    }
    if (current.sa_sigaction != count) {
        w->before = current;
        __atomic_store_n(&w->next, current.sa_sigaction, __ATOMIC_SEQ_CST);
        if (!is_function(current.sa_sigaction)) {
            /* System calls restart. The kernel still reaps children if SIGCHLD was ignored. */
            current.sa_flags = SA_RESTART | (number == SIGCHLD && current.sa_handler == SIG_IGN ? SA_NOCLDWAIT : 0);
        }
        current.sa_flags = (current.sa_flags & ~SA_RESETHAND) | SA_SIGINFO | SA_ONSTACK;
        current.sa_sigaction = count;
        sigaction(number, &current, NULL); /* fails for SIGKILL and SIGSTOP */
    }
    w->caught = 1;
}

void
iomux_signals_release(int number)
{
    put_back(number);
}

void
iomux_signals_wait(void)
{
    while (sem_wait(&arrived) != 0) {
    }
}

int64_t
iomux_signals_take(int number)
{
    return __atomic_exchange_n(&watched[number].count, 0, __ATOMIC_SEQ_CST);
}
