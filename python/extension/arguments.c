/* Arguments, timeouts and exceptions. Private functions of the interpreter read the arguments. So
   wrong arguments raise exactly the exceptions of the original, in every version of Python. */
#include <patchlevel.h>
#if PY_VERSION_HEX >= 0x030D0000 /* their headers, since 3.13 */
#define Py_BUILD_CORE_MODULE 1
#endif

#include "module.h"

#include <limits.h>
#include <time.h>

#if PY_VERSION_HEX >= 0x030D0000
#include "internal/pycore_long.h"
#include "internal/pycore_modsupport.h"
#include "internal/pycore_time.h"
typedef PyTime_t time_type;
#define AS_INT PyLong_AsInt
#else
typedef _PyTime_t time_type;
#define AS_INT _PyLong_AsInt
#endif

#include "core.h"

int
spread(_PyArg_Parser *parser, int least, int most, PyObject *const *args, Py_ssize_t count, PyObject *names,
       PyObject **values)
{
    if (names == NULL && count >= least && count <= most) {
        for (int i = 0; i < most; i++) {
            values[i] = i < count ? args[i] : NULL;
        }
        return 0;
    }
    PyObject *buffer[4] = {NULL};
    args = _PyArg_UnpackKeywords(args, count, NULL, names, parser, least, most, 0, buffer);
    if (args == NULL) {
        return -1;
    }
    for (int i = 0; i < most; i++) {
        values[i] = args[i];
    }
    return 0;
}

int
check_count(const char *method, Py_ssize_t count, Py_ssize_t least, Py_ssize_t most)
{
    return count >= least && count <= most || _PyArg_CheckPositional(method, count, least, most) ? 0 : -1;
}

int
to_int(PyObject *object, int *value)
{
    *value = AS_INT(object);
    return *value == -1 && PyErr_Occurred() ? -1 : 0;
}

/* poll and devpoll refuse objects with __index__ as masks. */
int
to_unsigned_short(PyObject *object, unsigned short *value)
{
    return _PyLong_UnsignedShort_Converter(object, value) ? 0 : -1;
}

/* epoll accepts objects with __index__, and truncates masks that are too wide. */
int
to_unsigned_int(PyObject *object, unsigned int *value)
{
    *value = (unsigned int)PyLong_AsUnsignedLongMask(object);
    return *value == (unsigned int)-1 && PyErr_Occurred() ? -1 : 0;
}

typedef int (*reader)(time_type *, PyObject *, _PyTime_round_t);

static int
read_time(reader read, PyObject *object, time_type *time, const char *wrong_type)
{
    if (read(time, object, _PyTime_ROUND_TIMEOUT) == 0) {
        return 0;
    }
    if (PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_SetString(PyExc_TypeError, wrong_type);
    }
    return -1;
}

int
select_timeout(PyObject *object, nanoseconds *timeout)
{
    *timeout = FOREVER;
    if (object == Py_None) {
        return 0;
    }
    time_type time;
    struct timeval seconds; /* the original refuses timeouts that do not fit */
    if (read_time(_PyTime_FromSecondsObject, object, &time, "timeout must be a float or None") < 0 ||
        _PyTime_AsTimeval(time, &seconds, _PyTime_ROUND_TIMEOUT) < 0) {
        return -1;
    }
    if (time < 0) {
        PyErr_SetString(PyExc_ValueError, "timeout must be non-negative");
        return -1;
    }
    *timeout = time;
    return 0;
}

/* in_milliseconds reads a timeout for a call that takes an int of milliseconds. The rounded value
   only determines the range and the sign. The wait itself uses nanoseconds. */
static int
in_milliseconds(reader read, PyObject *object, _PyTime_round_t rounding, int least, nanoseconds *timeout)
{
    *timeout = FOREVER;
    if (object == NULL || object == Py_None) {
        return 0;
    }
    time_type time;
    if (read_time(read, object, &time, "timeout must be an integer or None") < 0) {
        return -1;
    }
    time_type milliseconds = _PyTime_AsMilliseconds(time, rounding);
    if (milliseconds < least || milliseconds > INT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "timeout is too large");
        return -1;
    }
    *timeout = milliseconds < 0 ? FOREVER : time < 0 ? 0 : time;
    return 0;
}

int
poll_timeout(PyObject *object, nanoseconds *timeout)
{
    return in_milliseconds(_PyTime_FromMillisecondsObject, object, _PyTime_ROUND_TIMEOUT, INT_MIN, timeout);
}

int
devpoll_timeout(PyObject *object, nanoseconds *timeout)
{
    return in_milliseconds(_PyTime_FromMillisecondsObject, object, _PyTime_ROUND_TIMEOUT, -1, timeout);
}

int
epoll_timeout(PyObject *object, nanoseconds *timeout)
{
    return in_milliseconds(_PyTime_FromSecondsObject, object, _PyTime_ROUND_CEILING, INT_MIN, timeout);
}

int
kqueue_timeout(PyObject *object, nanoseconds *timeout)
{
    *timeout = FOREVER;
    if (object == NULL || object == Py_None) {
        return 0;
    }
    time_type time;
    /* A wrong type and a wrong size raise the same exception. */
    if (_PyTime_FromSecondsObject(&time, object, _PyTime_ROUND_TIMEOUT) < 0) {
        PyErr_Format(PyExc_TypeError, "timeout argument must be a number or None, got %.200s", Py_TYPE(object)->tp_name);
        return -1;
    }
    if (time < 0) {
        PyErr_SetString(PyExc_ValueError, "timeout must be positive or None");
        return -1;
    }
    *timeout = time;
    return 0;
}

static nanoseconds
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* interrupted runs the signal handlers, and sets left to the time until deadline. It returns 1 to
   wait again, 0 if the time is over, or -1 if a handler raised an exception. */
static int
interrupted(nanoseconds *left, nanoseconds deadline)
{
    if (PyErr_CheckSignals() < 0) {
        return -1;
    }
    if (*left < 0) {
        return 1;
    }
    *left = deadline - now();
    return *left >= 0;
}

int
wait_for(attempt *try, void *call, nanoseconds timeout)
{
    nanoseconds start = timeout > 0 ? now() : 0;
    nanoseconds deadline = timeout > INT64_MAX - start ? INT64_MAX : start + timeout;
    for (;;) {
        int n = try(call, timeout);
        if (n != INTERRUPTED) {
            return n;
        }
        int more = interrupted(&timeout, deadline);
        if (more <= 0) {
            return more;
        }
    }
}

PyObject *
raise_code(int code)
{
    if (code == IOMUX_FAILED) {
        PyErr_SetString(PyExc_SystemError, "select: the core failed");
        return NULL;
    }
    errno = code;
    return PyErr_SetFromErrno(PyExc_OSError);
}

int
failed(int code)
{
    if (code == EINTR) {
        return INTERRUPTED;
    }
    raise_code(code);
    return -1;
}
