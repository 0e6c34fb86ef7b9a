/* The declarations that all files of the C half share. */
#ifndef IOMUX_MODULE_H
#define IOMUX_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if PY_VERSION_HEX < 0x030B0000
#error "CPython 3.11 or newer is needed"
#endif

/* Times are in nanoseconds. FOREVER is no limit. */
typedef int64_t nanoseconds;
#define FOREVER ((nanoseconds)-1)

/* arguments.c */

/* spread stores the arguments of a call in values, by position or by name, with NULL for those left
   out. */
int spread(_PyArg_Parser *parser, int least, int most, PyObject *const *args, Py_ssize_t count, PyObject *names,
           PyObject **values);
int check_count(const char *method, Py_ssize_t count, Py_ssize_t least, Py_ssize_t most);
int to_int(PyObject *object, int *value);
int to_unsigned_short(PyObject *object, unsigned short *value);
int to_unsigned_int(PyObject *object, unsigned int *value);

/* These read a timeout. The waits have different rules for rounding, sign and range. */
int select_timeout(PyObject *object, nanoseconds *timeout);
int poll_timeout(PyObject *object, nanoseconds *timeout);
int devpoll_timeout(PyObject *object, nanoseconds *timeout);
int epoll_timeout(PyObject *object, nanoseconds *timeout);
int kqueue_timeout(PyObject *object, nanoseconds *timeout);

/* An attempt waits once, at most for the time left. It returns the number of ready ones,
   INTERRUPTED if a signal interrupted the wait, or -1 with an exception. */
typedef int attempt(void *call, nanoseconds left);
#define INTERRUPTED (-2)

/* wait_for makes attempts until one is not interrupted, and runs Python's signal handlers after
   each interruption. It returns 0 if the time is over, or -1 with an exception. */
int wait_for(attempt *try, void *call, nanoseconds timeout);

/* raise_code raises the exception for a code of the core, and returns NULL. */
PyObject *raise_code(int code);

/* failed returns the result of an attempt that failed with a code of the core. */
int failed(int code);

/* direct_calls is true if the C half makes calls that cannot wait without the core. It is false
   with IOMUX_SELECT_DIRECT=no in the environment. */
extern int direct_calls;

/* pair_of returns a tuple (fd, events), or NULL with an exception. */
PyObject *pair_of(int fd, unsigned int events);

/* The state of the module in one interpreter. */
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

/* An integer of the module. The last one of a table has no name. */
struct constant {
    const char *name;
    unsigned int value;
};
#define CONSTANT(name) {#name, name}
int add_constants(PyObject *module, const struct constant *constants);

/* Each of these adds the names of one mechanism to the module. */
int add_select(PyObject *module);
int add_poll(PyObject *module);
int add_epoll(PyObject *module);
int add_kqueue(PyObject *module);
int add_devpoll(PyObject *module);

#endif
