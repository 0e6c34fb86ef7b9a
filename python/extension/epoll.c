/* select.epoll. */
#include "module.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "core.h"

/* An epoll object. fd is its descriptor, -1 when it is closed; object is what the core made of it, and is made anew, of the
   same descriptor, after a fork. For an object of fromfd() it is made at the first use, as fromfd() takes any number. */
typedef struct {
    PyObject_HEAD
    int fd;
    void *object;        /* of the core */
    unsigned generation; /* of the core that object belongs to */
    struct epoll_event *room; /* kept from one poll() to the next, NULL while one uses it */
    int room_for;
} Epoll;

/* The most events that the kernel takes room for. */
#define MOST_EVENTS (INT_MAX / (int)sizeof(struct epoll_event))

static inline int
has_object(Epoll *self)
{
    return core.works && self->object != NULL && self->generation == core.generation;
}

/* use makes sure that the core works and has the object. It returns 0, a code of the core's, or -1 with an exception. */
static int
use(Epoll *self)
{
    if (core_use() < 0) {
        return -1;
    }
    if (has_object(self)) {
        return 0;
    }
    GoUintptr object;
    int code = core.epoll_adopt(self->fd, &object);
    if (code == 0) {
        self->object = (void *)object;
        self->generation = core.generation;
    }
    return code;
}

static PyObject *
raise_use(int code)
{
    return code < 0 ? NULL : raise_code(code);
}

/* answer is None, or the exception for what became of a change of fd. */
static PyObject *
answer(int code, int fd)
{
    if (code == EINVAL && fcntl(fd, F_GETFD) < 0) {
        code = EBADF; /* which counts for more to the kernel than that the object is no epoll */
    }
    if (code != 0) {
        return raise_use(code);
    }
    Py_RETURN_NONE;
}

static PyObject *
raise_closed(void)
{
    return raise_code(IOMUX_CLOSED);
}

static Epoll *
allocate(PyTypeObject *type, int fd)
{
    Epoll *self = (Epoll *)type->tp_alloc(type, 0); /* zeroed */
    if (self != NULL) {
        self->fd = fd;
    }
    return self;
}

static PyObject *
create(PyTypeObject *type)
{
    Epoll *self = core_use() < 0 ? NULL : allocate(type, -1);
    if (self == NULL) {
        return NULL;
    }
    GoUintptr object;
    GoInt32 fd;
    int code = core.epoll_new(&object, &fd);
    if (code != 0) {
        Py_DECREF(self);
        return raise_code(code);
    }
    self->fd = fd;
    self->object = (void *)object;
    self->generation = core.generation;
    return (PyObject *)self;
}

PyDoc_STRVAR(epoll_doc, "select.epoll(sizehint=-1, flags=0)\n"
                        "\n"
                        "An epoll object, by which many descriptors are waited for.\n"
                        "\n"
                        "sizehint means nothing, but has to be positive or -1; flags may be\n"
                        "EPOLL_CLOEXEC, and is as good as that always.");

static PyObject *
epoll_new(PyTypeObject *type, PyObject *args, PyObject *names)
{
    static char *keywords[] = {"sizehint", "flags", NULL};
    PyObject *values[2] = {NULL};
    int size = -1, flags = 0;
    if (!PyArg_ParseTupleAndKeywords(args, names, "|OO:epoll", keywords, &values[0], &values[1]) ||
        values[0] != NULL && to_int(values[0], &size) < 0 || values[1] != NULL && to_int(values[1], &flags) < 0) {
        return NULL;
    }
    if (size != -1 && size <= 0) {
        PyErr_SetString(PyExc_ValueError, "negative sizehint");
        return NULL;
    }
    if (flags != 0 && flags != EPOLL_CLOEXEC) {
        PyErr_SetString(PyExc_OSError, "invalid flags");
        return NULL;
    }
    return create(type);
}

PyDoc_STRVAR(fromfd_doc, "fromfd($type, fd, /)\n"
                         "--\n"
                         "\n"
                         "Make an epoll object of the descriptor of an epoll, and take it over.");

static PyObject *
epoll_fromfd(PyObject *type, PyObject *object)
{
    int fd;
    if (to_int(object, &fd) < 0) {
        return NULL;
    }
    if (fd == -1) { /* to the original, -1 means a new one */
        return create((PyTypeObject *)type);
    }
    if (fd < 0) {
        return raise_code(EBADF);
    }
    return (PyObject *)allocate((PyTypeObject *)type, fd);
}

/* close_epoll closes the descriptor, through the core where it knows it: that wakes those who wait in it. A core that did not
   survive a fork cannot be asked, and nobody waits then. */
static void
close_epoll(Epoll *self)
{
    int fd = self->fd;
    if (fd < 0) {
        return;
    }
    self->fd = -1;
    Py_BEGIN_ALLOW_THREADS
    if (has_object(self)) {
        core.epoll_close(self->object);
    }
    else {
        close(fd);
    }
    Py_END_ALLOW_THREADS
}

PyDoc_STRVAR(close_doc, "close($self, /)\n"
                        "--\n"
                        "\n"
                        "Close the descriptor of the epoll. Every other method is a ValueError then.");

static PyObject *
epoll_close(Epoll *self, PyObject *unused)
{
    (void)unused;
    close_epoll(self);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(fileno_doc, "fileno($self, /)\n"
                         "--\n"
                         "\n"
                         "The descriptor of the epoll.");

static PyObject *
epoll_fileno(Epoll *self, PyObject *unused)
{
    (void)unused;
    return self->fd < 0 ? raise_closed() : PyLong_FromLong(self->fd);
}

static PyObject *
epoll_closed(Epoll *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->fd < 0);
}

/* change registers or modifies. */
static PyObject *
change(Epoll *self, int registers, PyObject *object_with_fd, PyObject *mask)
{
    unsigned int events = EPOLLIN | EPOLLPRI | EPOLLOUT;
    int fd = PyObject_AsFileDescriptor(object_with_fd);
    if (fd < 0 || mask != NULL && to_unsigned_int(mask, &events) < 0) {
        return NULL;
    }
    if (self->fd < 0) {
        return raise_closed();
    }
    int code = use(self);
    if (code == 0) {
        void *object = self->object;
        Py_BEGIN_ALLOW_THREADS
        code = registers ? core.epoll_register(object, fd, events) : core.epoll_modify(object, fd, events);
        Py_END_ALLOW_THREADS
    }
    return answer(code, fd);
}

PyDoc_STRVAR(register_doc, "register($self, /, fd,\n"
                           "         eventmask=select.EPOLLIN | select.EPOLLPRI | select.EPOLLOUT)\n"
                           "--\n"
                           "\n"
                           "Add a descriptor to those that poll() waits for.\n"
                           "\n"
                           "fd is an integer, or an object whose fileno() returns one; eventmask is what\n"
                           "to wait for, and how.");

static PyObject *
epoll_register(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keywords[] = {"fd", "eventmask", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "register"};
    PyObject *values[2];
    return spread(&parser, 1, 2, args, count, names, values) < 0 ? NULL : change(self, 1, values[0], values[1]);
}

PyDoc_STRVAR(modify_doc, "modify($self, /, fd, eventmask)\n"
                         "--\n"
                         "\n"
                         "Replace the mask of a descriptor that is registered.");

static PyObject *
epoll_modify(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keywords[] = {"fd", "eventmask", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "modify"};
    PyObject *values[2];
    return spread(&parser, 2, 2, args, count, names, values) < 0 ? NULL : change(self, 0, values[0], values[1]);
}

PyDoc_STRVAR(unregister_doc, "unregister($self, /, fd)\n"
                             "--\n"
                             "\n"
                             "Take a descriptor out of those that poll() waits for.");

static PyObject *
epoll_unregister(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keywords[] = {"fd", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "unregister"};
    PyObject *value;
    if (spread(&parser, 1, 1, args, count, names, &value) < 0) {
        return NULL;
    }
    int fd = PyObject_AsFileDescriptor(value);
    if (fd < 0) {
        return NULL;
    }
    if (self->fd < 0) {
        return raise_closed();
    }
    int code = use(self);
    if (code == 0) {
        void *object = self->object;
        Py_BEGIN_ALLOW_THREADS
        code = core.epoll_unregister(object, fd);
        Py_END_ALLOW_THREADS
    }
    return answer(code, fd);
}

static int
wait_for(Epoll *self, struct epoll_event *events, int room, nanoseconds timeout)
{
    nanoseconds deadline = deadline_of(timeout);
    for (;;) {
        int n = use(self); /* in every turn: a signal handler may have forked */
        if (n == 0) {
            void *object = self->object;
            Py_BEGIN_ALLOW_THREADS
            n = core.epoll_poll(object, events, room, timeout);
            Py_END_ALLOW_THREADS
            if (n >= 0) {
                return n;
            }
            n = -n;
        }
        if (n != EINTR) {
            raise_use(n);
            return -1;
        }
        int more = interrupted(&timeout, deadline);
        if (more <= 0) {
            return more;
        }
        if (self->fd < 0) { /* closed by a signal handler */
            raise_code(EBADF);
            return -1;
        }
    }
}

static PyObject *
collect(const struct epoll_event *events, int n)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; list != NULL && i < n; i++) {
        PyObject *pair = pair_of(events[i].data.fd, events[i].events);
        if (pair == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, i, pair);
    }
    return list;
}

/* take_room takes the object's room for events, or new room if it is too small or in use. */
static struct epoll_event *
take_room(Epoll *self, int room)
{
    struct epoll_event *events = self->room;
    if (events != NULL && self->room_for >= room) {
        self->room = NULL;
        return events;
    }
    events = PyMem_New(struct epoll_event, room);
    if (events == NULL) {
        PyErr_NoMemory();
    }
    return events;
}

/* give_back keeps ordinary room for the next poll(). */
static void
give_back(Epoll *self, struct epoll_event *events, int room)
{
    if (self->room == NULL && room < FD_SETSIZE) {
        self->room = events;
        self->room_for = room;
    }
    else {
        PyMem_Free(events);
    }
}

PyDoc_STRVAR(poll_doc, "poll($self, /, timeout=None, maxevents=-1)\n"
                       "--\n"
                       "\n"
                       "Wait until a registered descriptor is ready.\n"
                       "\n"
                       "The timeout is in seconds; None or a negative one waits for ever and 0 does\n"
                       "not wait. At most maxevents events are taken at once, -1 for the usual number.\n"
                       "The result is a list of (fd, events) tuples, which is empty when the time is\n"
                       "over.");

static PyObject *
epoll_poll(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keywords[] = {"timeout", "maxevents", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "poll"};
    PyObject *values[2];
    int room = -1;
    nanoseconds timeout;
    if (spread(&parser, 0, 2, args, count, names, values) < 0 || values[1] != NULL && to_int(values[1], &room) < 0) {
        return NULL;
    }
    if (self->fd < 0) {
        return raise_closed();
    }
    if (epoll_timeout(values[0], &timeout) < 0) {
        return NULL;
    }
    if (room == -1) {
        room = FD_SETSIZE - 1;
    }
    else if (room < 1) {
        return PyErr_Format(PyExc_ValueError, "maxevents must be greater than 0, got %d", room);
    }
    struct epoll_event *events = take_room(self, room);
    if (events == NULL) {
        return NULL;
    }
    PyObject *result = NULL;
    if (room > MOST_EVENTS) {
        raise_code(EINVAL); /* the package would make do with less, the kernel does not */
    }
    else {
        int n = wait_for(self, events, room, timeout);
        result = n < 0 ? NULL : collect(events, n);
    }
    give_back(self, events, room);
    return result;
}

static PyObject *
epoll_enter(Epoll *self, PyObject *unused)
{
    (void)unused;
    return self->fd < 0 ? raise_closed() : Py_NewRef(self);
}

PyDoc_STRVAR(enter_doc, "__enter__($self, /)\n"
                        "--\n"
                        "\n");

PyDoc_STRVAR(exit_doc, "__exit__($self, exc_type=None, exc_value=None, exc_tb=None, /)\n"
                       "--\n"
                       "\n");

static PyObject *
epoll_exit(Epoll *self, PyObject *const *args, Py_ssize_t count)
{
    (void)args;
    if (check_count("__exit__", count, 0, 3) < 0) {
        return NULL;
    }
    close_epoll(self);
    Py_RETURN_NONE;
}

static void
epoll_dealloc(Epoll *self)
{
    PyTypeObject *type = Py_TYPE(self);
    close_epoll(self);
    if (has_object(self)) {
        core.forget(self->object);
    }
    PyMem_Free(self->room);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"fromfd", epoll_fromfd, METH_O | METH_CLASS, fromfd_doc},
    {"close", (PyCFunction)epoll_close, METH_NOARGS, close_doc},
    {"fileno", (PyCFunction)epoll_fileno, METH_NOARGS, fileno_doc},
    {"register", _PyCFunction_CAST(epoll_register), METH_FASTCALL | METH_KEYWORDS, register_doc},
    {"modify", _PyCFunction_CAST(epoll_modify), METH_FASTCALL | METH_KEYWORDS, modify_doc},
    {"unregister", _PyCFunction_CAST(epoll_unregister), METH_FASTCALL | METH_KEYWORDS, unregister_doc},
    {"poll", _PyCFunction_CAST(epoll_poll), METH_FASTCALL | METH_KEYWORDS, poll_doc},
    {"__enter__", (PyCFunction)epoll_enter, METH_NOARGS, enter_doc},
    {"__exit__", _PyCFunction_CAST(epoll_exit), METH_FASTCALL, exit_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"closed", (getter)epoll_closed, NULL, "Whether the epoll is closed.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot epoll_slots[] = {
    {Py_tp_dealloc, epoll_dealloc},
    {Py_tp_doc, (void *)epoll_doc},
    {Py_tp_getattro, PyObject_GenericGetAttr},
    {Py_tp_getset, attributes},
    {Py_tp_methods, methods},
    {Py_tp_new, epoll_new},
    {0, NULL},
};

static PyType_Spec epoll_spec = {
    .name = "select.epoll",
    .basicsize = sizeof(Epoll),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = epoll_slots,
};

static const struct constant constants[] = {
    CONSTANT(EPOLLIN),
    CONSTANT(EPOLLOUT),
    CONSTANT(EPOLLPRI),
    CONSTANT(EPOLLERR),
    CONSTANT(EPOLLHUP),
    CONSTANT(EPOLLRDHUP),
    CONSTANT(EPOLLET),
    CONSTANT(EPOLLONESHOT),
    CONSTANT(EPOLLEXCLUSIVE),
    CONSTANT(EPOLLRDNORM),
    CONSTANT(EPOLLRDBAND),
    CONSTANT(EPOLLWRNORM),
    CONSTANT(EPOLLWRBAND),
    CONSTANT(EPOLLMSG),
#if PY_VERSION_HEX >= 0x030E0000
    CONSTANT(EPOLLWAKEUP),
#endif
    CONSTANT(EPOLL_CLOEXEC),
    {NULL, 0},
};

int
add_epoll(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &epoll_spec, NULL);
    if (type == NULL) {
        return -1;
    }
    int result = PyModule_AddObjectRef(module, "epoll", type);
    Py_DECREF(type);
    return result < 0 ? -1 : add_constants(module, constants);
}
