/* The function select.poll and its objects. */
#define _GNU_SOURCE /* POLLMSG, POLLRDHUP */
#include "module.h"

#include <poll.h>

#include "core.h"

/* A poll object. The core's object waits. registered has the same content, for direct calls and for
   the next object after a fork. */
typedef struct {
    PyObject_HEAD
    void *object;        /* of the core */
    unsigned generation; /* of the core, when object was made */
    PyObject *registered; /* dict of descriptor to events, in order of registration */
    iomux_polled *polled; /* room for the events of one poll() */
    Py_ssize_t room;
    int polling;
    struct pollfd *list; /* the entries of registered, for poll_direct; their number is size */
    int size;
    int changed;         /* true if list is out of date */
} Poll;

static int
restore(Poll *self)
{
    GoUintptr object;
    int code = core.poll_new(&object);
    self->object = code == 0 ? (void *)object : NULL;
    self->generation = core.generation;
    PyObject *fd, *events;
    for (Py_ssize_t i = 0; code == 0 && PyDict_Next(self->registered, &i, &fd, &events);) {
        code = core.poll_register(self->object, PyLong_AsLong(fd), PyLong_AsLong(events));
    }
    if (code != 0) {
        raise_code(code);
        return -1;
    }
    return 0;
}

/* use makes sure that the core works and knows the object. */
static inline int
use(Poll *self)
{
    if (core_use() < 0) {
        return -1;
    }
    return self->object != NULL && self->generation == core.generation ? 0 : restore(self);
}

static int
remember(Poll *self, int fd, unsigned short events)
{
    PyObject *key = PyLong_FromLong(fd), *value = PyLong_FromLong(events);
    int result = key == NULL || value == NULL ? -1 : PyDict_SetItem(self->registered, key, value);
    self->changed = 1;
    Py_XDECREF(key);
    Py_XDECREF(value);
    return result;
}

PyDoc_STRVAR(register_doc, "register($self, fd,\n"
                           "         eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)\n"
                           "--\n"
                           "\n"
                           "Register a descriptor for poll().\n"
                           "\n"
                           "fd is an integer, or an object with a method fileno(). eventmask is the events\n"
                           "to wait for. Registering fd again replaces the mask.");

static PyObject *
poll_register(Poll *self, PyObject *const *args, Py_ssize_t count)
{
    unsigned short events = POLLIN | POLLPRI | POLLOUT;
    if (check_count("register", count, 1, 2) < 0) {
        return NULL;
    }
    int fd = PyObject_AsFileDescriptor(args[0]);
    if (fd < 0 || count > 1 && to_unsigned_short(args[1], &events) < 0 || use(self) < 0) {
        return NULL;
    }
    int code = core.poll_register(self->object, fd, events);
    if (code != 0) {
        return raise_code(code);
    }
    if (remember(self, fd, events) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(modify_doc, "modify($self, fd, eventmask, /)\n"
                         "--\n"
                         "\n"
                         "Replace the mask of a registered descriptor.\n"
                         "\n"
                         "Raise OSError with errno ENOENT if it is not registered.");

static PyObject *
poll_modify(Poll *self, PyObject *const *args, Py_ssize_t count)
{
    unsigned short events;
    if (check_count("modify", count, 2, 2) < 0) {
        return NULL;
    }
    int fd = PyObject_AsFileDescriptor(args[0]);
    if (fd < 0 || to_unsigned_short(args[1], &events) < 0 || use(self) < 0) {
        return NULL;
    }
    int code = core.poll_modify(self->object, fd, events);
    if (code != 0) {
        return raise_code(code);
    }
    if (remember(self, fd, events) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(unregister_doc, "unregister($self, fd, /)\n"
                             "--\n"
                             "\n"
                             "Unregister a descriptor. Raise KeyError if it is not registered.");

static PyObject *
poll_unregister(Poll *self, PyObject *object)
{
    int fd = PyObject_AsFileDescriptor(object);
    if (fd < 0 || use(self) < 0) {
        return NULL;
    }
    PyObject *key = PyLong_FromLong(fd);
    if (key == NULL) {
        return NULL;
    }
    int code = core.poll_unregister(self->object, fd);
    if (code == IOMUX_NOT_REGISTERED) {
        PyErr_SetObject(PyExc_KeyError, key);
    }
    else if (code != 0) {
        raise_code(code);
    }
    int failed = code != 0 || PyDict_DelItem(self->registered, key) < 0;
    self->changed = 1;
    Py_DECREF(key);
    if (failed) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* make_room makes room for all descriptors, and for one more because the core refuses to wait
   without room. */
static int
make_room(Poll *self)
{
    Py_ssize_t needed = PyDict_GET_SIZE(self->registered) + 1;
    if (needed <= self->room) {
        return 0;
    }
    needed += needed / 2;
    iomux_polled *polled = PyMem_Realloc(self->polled, needed * sizeof *polled);
    if (polled == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->polled = polled;
    struct pollfd *list = PyMem_Realloc(self->list, needed * sizeof *list);
    if (list == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->list = list;
    self->room = needed;
    return 0;
}

/* make_list copies registered to list, which has room for it. */
static void
make_list(Poll *self)
{
    PyObject *fd, *events;
    self->size = 0;
    for (Py_ssize_t i = 0; PyDict_Next(self->registered, &i, &fd, &events);) {
        self->list[self->size++] = (struct pollfd){.fd = PyLong_AsLong(fd), .events = PyLong_AsLong(events)};
    }
    self->changed = 0;
}

/* poll_direct calls poll(2) with timeout 0. It fills polled, and returns a count or a negative
   code. */
static int
poll_direct(Poll *self)
{
    if (self->changed) {
        make_list(self);
    }
    struct pollfd *list = self->list;
    int size = self->size, n;
    Py_BEGIN_ALLOW_THREADS
    n = poll(list, size, 0);
    if (n < 0) {
        n = -errno;
    }
    Py_END_ALLOW_THREADS
    for (int i = 0, ready = 0; ready < n; i++) {
        if (list[i].revents != 0) {
            self->polled[ready++] = (iomux_polled){.fd = list[i].fd, .events = list[i].revents};
        }
    }
    return n;
}

static int
poll_by_core(Poll *self, nanoseconds timeout)
{
    int n;
    Py_BEGIN_ALLOW_THREADS
    n = core.poll_poll(self->object, self->polled, self->room, timeout);
    Py_END_ALLOW_THREADS
    return n;
}

static int
poll_once(void *call, nanoseconds left)
{
    Poll *self = call;
    if (use(self) < 0 || make_room(self) < 0) { /* a signal handler may fork or register */
        return -1;
    }
    int n = left == 0 && direct_calls ? poll_direct(self) : poll_by_core(self, left);
    return n < 0 ? failed(-n) : n;
}

static PyObject *
collect(Poll *self, int n)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; list != NULL && i < n; i++) {
        PyObject *pair = pair_of(self->polled[i].fd, self->polled[i].events);
        if (pair == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, i, pair);
    }
    return list;
}

PyDoc_STRVAR(poll_doc, "poll($self, timeout=None, /)\n"
                       "--\n"
                       "\n"
                       "Wait until a registered descriptor is ready.\n"
                       "\n"
                       "timeout is in milliseconds. None and negative numbers wait without a limit, and\n"
                       "0 does not wait. Return a list of (fd, event) tuples in order of registration,\n"
                       "which is empty after a timeout.");

static PyObject *
poll_poll(Poll *self, PyObject *const *args, Py_ssize_t count)
{
    nanoseconds timeout;
    if (check_count("poll", count, 0, 1) < 0 || poll_timeout(count > 0 ? args[0] : NULL, &timeout) < 0) {
        return NULL;
    }
    if (self->polling) {
        PyErr_SetString(PyExc_RuntimeError, "concurrent poll() invocation");
        return NULL;
    }
    self->polling = 1;
    int n = wait_for(poll_once, self, timeout);
    PyObject *result = n < 0 ? NULL : collect(self, n);
    self->polling = 0;
    return result;
}

static void
poll_dealloc(Poll *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (self->object != NULL && core.works && self->generation == core.generation) {
        core.forget(self->object);
    }
    Py_XDECREF(self->registered);
    PyMem_Free(self->polled);
    PyMem_Free(self->list);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"register", _PyCFunction_CAST(poll_register), METH_FASTCALL, register_doc},
    {"modify", _PyCFunction_CAST(poll_modify), METH_FASTCALL, modify_doc},
    {"unregister", (PyCFunction)poll_unregister, METH_O, unregister_doc},
    {"poll", _PyCFunction_CAST(poll_poll), METH_FASTCALL, poll_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot poll_slots[] = {
    {Py_tp_dealloc, poll_dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec poll_spec = {
    .name = "select.poll",
    .basicsize = sizeof(Poll),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = poll_slots,
};

PyDoc_STRVAR(new_doc, "poll($module, /)\n"
                      "--\n"
                      "\n"
                      "Return a new poll object, which waits for registered descriptors.");

static PyObject *
new_poll(PyObject *module, PyObject *unused)
{
    (void)unused;
    PyTypeObject *type = state_of(module)->poll_type;
    Poll *self = PyObject_New(Poll, type);
    if (self == NULL) {
        return NULL;
    }
    self->object = NULL;
    self->generation = 0;
    self->polled = NULL;
    self->room = 0;
    self->polling = 0;
    self->list = NULL;
    self->size = 0;
    self->changed = 1;
    self->registered = PyDict_New();
    if (self->registered == NULL) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static PyMethodDef functions[] = {
    {"poll", new_poll, METH_NOARGS, new_doc},
    {NULL, NULL, 0, NULL},
};

static const struct constant constants[] = {
    CONSTANT(POLLIN),
    CONSTANT(POLLPRI),
    CONSTANT(POLLOUT),
    CONSTANT(POLLERR),
    CONSTANT(POLLHUP),
    CONSTANT(POLLNVAL),
    CONSTANT(POLLRDNORM),
    CONSTANT(POLLRDBAND),
    CONSTANT(POLLWRNORM),
    CONSTANT(POLLWRBAND),
    CONSTANT(POLLMSG),
    CONSTANT(POLLRDHUP),
    {NULL, 0},
};

int
add_poll(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &poll_spec, NULL);
    if (type == NULL) {
        return -1;
    }
    state_of(module)->poll_type = (PyTypeObject *)type;
    return PyModule_AddFunctions(module, functions) < 0 ? -1 : add_constants(module, constants);
}
