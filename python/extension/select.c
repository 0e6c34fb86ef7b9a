/* The function select.select. */
#include "module.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/select.h>

#include "core.h"

/* The objects of the three lists, one list after the other, and their descriptors. */
struct waited {
    PyObject **objects;
    GoInt32 *fds;
    GoUint8 *ready;
    int room, total;
    GoInt32 lengths[4]; /* the fourth is 0 */
    /* Room that is enough for most calls. */
    PyObject *some_objects[32];
    GoInt32 some_fds[32];
    GoUint8 some_ready[32];
};

static void
begin(struct waited *w)
{
    w->objects = w->some_objects;
    w->fds = w->some_fds;
    w->ready = w->some_ready;
    w->room = sizeof w->some_fds / sizeof *w->some_fds;
    w->total = w->lengths[0] = w->lengths[1] = w->lengths[2] = w->lengths[3] = 0;
}

static void
end(struct waited *w)
{
    for (int i = 0; i < w->total; i++) {
        Py_DECREF(w->objects[i]);
    }
    if (w->objects != w->some_objects) {
        PyMem_Free(w->objects); /* fds and ready are in the same piece */
    }
}

static int
grow(struct waited *w)
{
    int room = 4 * w->room;
    char *piece = PyMem_Malloc(room * (sizeof *w->objects + sizeof *w->fds + sizeof *w->ready));
    if (piece == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject **objects = (PyObject **)piece;
    GoInt32 *fds = (GoInt32 *)(objects + room);
    memcpy(objects, w->objects, w->total * sizeof *objects);
    memcpy(fds, w->fds, w->total * sizeof *fds);
    if (w->objects != w->some_objects) {
        PyMem_Free(w->objects);
    }
    w->objects = objects;
    w->fds = fds;
    w->ready = (GoUint8 *)(fds + room);
    w->room = room;
    return 0;
}

/* add_object takes over a reference to object. It enforces the limits of the original, with the
   same exceptions. */
static int
add_object(struct waited *w, int list, PyObject *object)
{
    int fd = PyObject_AsFileDescriptor(object);
    const char *reason = NULL;
    if (fd >= FD_SETSIZE) {
        reason = "filedescriptor out of range in select()";
    }
    else if (w->lengths[list] >= FD_SETSIZE) {
        reason = "too many file descriptors in select()";
    }
    if (fd >= 0 && reason != NULL) {
        PyErr_SetString(PyExc_ValueError, reason);
    }
    if (fd < 0 || reason != NULL || w->total == w->room && grow(w) < 0) {
        Py_DECREF(object);
        return -1;
    }
    w->objects[w->total] = object;
    w->fds[w->total++] = fd;
    w->lengths[list]++;
    return 0;
}

static int
add_list(struct waited *w, int list, PyObject *objects)
{
    PyObject *sequence = PySequence_Fast(objects, "arguments 1-3 must be sequences");
    if (sequence == NULL) {
        return -1;
    }
    /* A fileno() may change the list, so its length is read each time. */
    int result = 0;
    for (Py_ssize_t i = 0; result == 0 && i < PySequence_Fast_GET_SIZE(sequence); i++) {
        result = add_object(w, list, Py_NewRef(PySequence_Fast_GET_ITEM(sequence, i)));
    }
    Py_DECREF(sequence);
    return result;
}

/* select_direct calls select(2) with timeout 0. It fills ready, and returns a count or a negative
   code. */
static int
select_direct(struct waited *w)
{
    fd_set sets[3], *used[3] = {NULL};
    int highest = -1, n;
    for (int i = 0, list = 0, left = w->lengths[0]; list < 3; left = w->lengths[++list]) {
        if (left > 0) {
            FD_ZERO(&sets[list]);
            used[list] = &sets[list];
        }
        for (; left > 0; left--, i++) {
            FD_SET(w->fds[i], &sets[list]);
            highest = w->fds[i] > highest ? w->fds[i] : highest;
        }
    }
    if (highest > __atomic_load_n(&core.highest_open, __ATOMIC_RELAXED)) {
        if (fcntl(highest, F_GETFD) < 0) {
            return -EBADF;
        }
        __atomic_store_n(&core.highest_open, highest, __ATOMIC_RELAXED);
    }
    Py_BEGIN_ALLOW_THREADS
    n = select(highest + 1, used[0], used[1], used[2], &(struct timeval){0, 0});
    if (n < 0) {
        n = -errno;
    }
    Py_END_ALLOW_THREADS
    for (int i = 0, list = 0, left = w->lengths[0]; list < 3; left = w->lengths[++list]) {
        for (; left > 0; left--, i++) {
            w->ready[i] = FD_ISSET(w->fds[i], &sets[list]) != 0;
        }
    }
    return n;
}

static int
select_by_core(struct waited *w, nanoseconds timeout)
{
    int n;
    Py_BEGIN_ALLOW_THREADS
    n = core.select(w->fds, w->ready, w->lengths, timeout);
    Py_END_ALLOW_THREADS
    return n;
}

static int
select_once(void *call, nanoseconds left)
{
    struct waited *w = call;
    if (core_use() < 0) { /* each time, because a signal handler may have forked */
        return -1;
    }
    int n = left == 0 && direct_calls ? select_direct(w) : select_by_core(w, left);
    return n < 0 ? failed(-n) : n;
}

/* ready_ones returns a new list of the ready ones among length objects from first. */
static PyObject *
ready_ones(struct waited *w, int first, int length, int any)
{
    PyObject *list = PyList_New(0);
    for (int i = first; list != NULL && any && i < first + length; i++) {
        if (w->ready[i] && PyList_Append(list, w->objects[i]) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static PyObject *
wait_and_collect(struct waited *w, nanoseconds timeout)
{
    int n = wait_for(select_once, w, timeout);
    if (n < 0) {
        return NULL;
    }
    PyObject *result = PyTuple_New(3);
    for (int i = 0, first = 0; result != NULL && i < 3; first += w->lengths[i++]) {
        PyObject *list = ready_ones(w, first, w->lengths[i], n > 0);
        if (list == NULL) {
            Py_CLEAR(result);
            break;
        }
        PyTuple_SET_ITEM(result, i, list);
    }
    return result;
}

PyDoc_STRVAR(select_doc, "select($module, rlist, wlist, xlist, timeout=None, /)\n"
                         "--\n"
                         "\n"
                         "Wait until a descriptor is ready.\n"
                         "\n"
                         "The first three arguments are sequences of descriptors, or of objects with a\n"
                         "method fileno(): to wait until they are readable, writable, or have an\n"
                         "exceptional condition. timeout is in seconds. None waits without a limit, and 0\n"
                         "does not wait.\n"
                         "\n"
                         "Return a tuple of three lists: the ready objects of each argument. All three\n"
                         "are empty after a timeout.");

static PyObject *
select_select(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    nanoseconds timeout;
    if (check_count("select", count, 3, 4) < 0 || select_timeout(count > 3 ? args[3] : Py_None, &timeout) < 0) {
        return NULL;
    }
    struct waited w;
    begin(&w);
    PyObject *result = NULL;
    if (add_list(&w, 0, args[0]) == 0 && add_list(&w, 1, args[1]) == 0 && add_list(&w, 2, args[2]) == 0) {
        result = wait_and_collect(&w, timeout);
    }
    end(&w);
    return result;
}

static PyMethodDef functions[] = {
    {"select", _PyCFunction_CAST(select_select), METH_FASTCALL, select_doc},
    {NULL, NULL, 0, NULL},
};

int
add_select(PyObject *module)
{
    if (PyModule_AddFunctions(module, functions) < 0) {
        return -1;
    }
    return PyModule_AddIntMacro(module, PIPE_BUF);
}
