/* The C half of the module: what its files share. */
#ifndef IOMUX_MODULE_H
#define IOMUX_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if PY_VERSION_HEX < 0x030B0000
#error "CPython 3.11 or newer is needed"
#endif

/* Times in nanoseconds. FOREVER is a timeout that never comes. */
typedef int64_t nanoseconds;
#define FOREVER ((nanoseconds)-1)

/* arguments.c */

/* spread puts what a method was called with, by position or by name, into values, NULL for what was left out. */
int spread(_PyArg_Parser *parser, int least, int most, PyObject *const *args, Py_ssize_t count, PyObject *names,
           PyObject **values);
int check_count(const char *method, Py_ssize_t count, Py_ssize_t least, Py_ssize_t most);
int to_int(PyObject *object, int *value);
int to_unsigned_short(PyObject *object, unsigned short *value);
int to_unsigned_int(PyObject *object, unsigned int *value);

/* A timeout as the waits take it: their rules on rounding, sign and range differ. */
int select_timeout(PyObject *object, nanoseconds *timeout);
int poll_timeout(PyObject *object, nanoseconds *timeout);
int devpoll_timeout(PyObject *object, nanoseconds *timeout);
int epoll_timeout(PyObject *object, nanoseconds *timeout);
int kqueue_timeout(PyObject *object, nanoseconds *timeout);

/* interrupted runs Python's signal handlers after a wait was interrupted, and counts left down to what remains until
   deadline. It is 1 to wait on, 0 if the time is over, -1 if a handler raised an exception. */
nanoseconds deadline_of(nanoseconds timeout);
int interrupted(nanoseconds *left, nanoseconds deadline);

/* raise_code raises the exception for a code of the core, and returns NULL. */
PyObject *raise_code(int code);

/* direct_calls is set if the C half makes system calls that cannot block by itself, without the core. The environment variable
   IOMUX_SELECT_DIRECT=no clears it. */
extern int direct_calls;

/* pair_of is a tuple (fd, events), or NULL with an exception. */
PyObject *pair_of(int fd, unsigned int events);

/* What a copy of the module keeps: an interpreter has one of its own. */
struct state {
    PyTypeObject *poll_type;
    PyTypeObject *kevent_type;
    PyTypeObject *devpoll_type;
};

static inline struct state *
state_of(PyObject *module)
{
    return PyModule_GetState(module);
}

/* The integers of the module, the last without a name. */
struct constant {
    const char *name;
    unsigned int value;
};
#define CONSTANT(name) {#name, name}
int add_constants(PyObject *module, const struct constant *constants);

/* One function a mechanism, each in a file of its own, which adds what the module has of it. */
int add_select(PyObject *module);
int add_poll(PyObject *module);
int add_epoll(PyObject *module);
int add_kqueue(PyObject *module);
int add_devpoll(PyObject *module);

#endif
