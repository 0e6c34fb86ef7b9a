/* select.devpoll and its objects. */
#include "module.h"

#include <poll.h>
#include <unistd.h>

#include "core.h"

/* A devpoll object. fd is its descriptor, -1 when it is closed; object is what the core made of it. As on Solaris it belongs to
   the process that made it: where the generation is not the core's, a child has it. */
typedef struct {
    PyObject_HEAD
    int fd;
    void *object;        /* of the core */
    unsigned generation; /* of the core that object belongs to */
    iomux_polled *polled; /* room for what is ready, kept from one poll() to the next, NULL while one uses it */
    int room;
} Devpoll;

/* use makes sure that the core has the object. */
static int
use(Devpoll *self)
{
    if (self->fd < 0) {
        raise_closed("devpoll");
        return -1;
    }
    if (self->generation != core.generation) {
        raise_code(EACCES);
        return -1;
    }
    return 0;
}

static PyObject *
raise_use(int code)
{
    return code == IOMUX_CLOSED ? raise_closed("devpoll") : raise_code(code);
}

/* change registers or modifies. */
static PyObject *
change(Devpoll *self, const char *name, int registers, PyObject *const *args, Py_ssize_t count)
{
    unsigned short events = POLLIN | POLLPRI | POLLOUT;
    if (check_count(name, count, 1, 2) < 0) {
        return NULL;
    }
    int fd = PyObject_AsFileDescriptor(args[0]);
    if (fd < 0 || count > 1 && to_unsigned_short(args[1], &events) < 0 || use(self) < 0) {
        return NULL;
    }
    int code = registers ? core.devpoll_register(self->object, fd, events) : core.devpoll_modify(self->object, fd, events);
    if (code != 0) {
        return raise_use(code);
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(register_doc, "register($self, fd,\n"
                           "         eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)\n"
                           "--\n"
                           "\n"
                           "Add a descriptor to those that poll() waits for.\n"
                           "\n"
                           "fd is an integer, or an object whose fileno() returns one; eventmask is what\n"
                           "to wait for. Registering it again replaces the mask.");

static PyObject *
devpoll_register(Devpoll *self, PyObject *const *args, Py_ssize_t count)
{
    return change(self, "register", 1, args, count);
}

PyDoc_STRVAR(modify_doc, "modify($self, fd,\n"
                         "       eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)\n"
                         "--\n"
                         "\n"
                         "Unregister a descriptor and register it, in one step.");

static PyObject *
devpoll_modify(Devpoll *self, PyObject *const *args, Py_ssize_t count)
{
    return change(self, "modify", 0, args, count);
}

PyDoc_STRVAR(unregister_doc, "unregister($self, fd, /)\n"
                             "--\n"
                             "\n"
                             "Take a descriptor out of those that poll() waits for.\n"
                             "\n"
                             "One that is not registered is ignored.");

static PyObject *
devpoll_unregister(Devpoll *self, PyObject *object)
{
    int fd = PyObject_AsFileDescriptor(object);
    if (fd < 0 || use(self) < 0) {
        return NULL;
    }
    int code = core.devpoll_unregister(self->object, fd);
    if (code != 0) {
        return raise_use(code);
    }
    Py_RETURN_NONE;
}

/* take_room takes the object's room for events, or new room if it is too small or in use. */
static iomux_polled *
take_room(Devpoll *self, int *room)
{
    iomux_polled *polled = self->polled;
    if (polled != NULL && self->room >= *room) {
        self->polled = NULL;
        *room = self->room;
        return polled;
    }
    *room += *room / 2;
    polled = PyMem_New(iomux_polled, *room);
    if (polled == NULL) {
        PyErr_NoMemory();
    }
    return polled;
}

static void
give_back(Devpoll *self, iomux_polled *polled, int room)
{
    if (self->polled == NULL || self->room < room) {
        PyMem_Free(self->polled);
        self->polled = polled;
        self->room = room;
    }
    else {
        PyMem_Free(polled);
    }
}

static int
wait_for(Devpoll *self, iomux_polled *polled, int room, nanoseconds timeout)
{
    nanoseconds deadline = deadline_of(timeout);
    for (;;) {
        if (use(self) < 0) { /* in every turn: a signal handler may have forked, or closed it */
            return -1;
        }
        void *object = self->object;
        int n;
        Py_BEGIN_ALLOW_THREADS
        n = core.devpoll_poll(object, polled, room, timeout);
        Py_END_ALLOW_THREADS
        if (n >= 0) {
            return n;
        }
        if (n != -EINTR) {
            raise_use(-n);
            return -1;
        }
        int more = interrupted(&timeout, deadline);
        if (more <= 0) {
            return more;
        }
    }
}

static PyObject *
collect(const iomux_polled *polled, int n)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; list != NULL && i < n; i++) {
        PyObject *pair = pair_of(polled[i].fd, polled[i].events);
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
                       "The timeout is in milliseconds; None or -1 waits for ever and 0 does not wait.\n"
                       "The result is a list of (fd, event) tuples, which is empty when the time is\n"
                       "over.");

static PyObject *
devpoll_poll(Devpoll *self, PyObject *const *args, Py_ssize_t count)
{
    nanoseconds timeout;
    if (check_count("poll", count, 0, 1) < 0) {
        return NULL;
    }
    if (self->fd < 0) {
        return raise_closed("devpoll");
    }
    if (devpoll_timeout(count > 0 ? args[0] : NULL, &timeout) < 0 || use(self) < 0) {
        return NULL;
    }
    int room = core.devpoll_length(self->object) + 1; /* since the core wants some */
    iomux_polled *polled = take_room(self, &room);
    if (polled == NULL) {
        return NULL;
    }
    int n = wait_for(self, polled, room, timeout);
    PyObject *result = n < 0 ? NULL : collect(polled, n);
    give_back(self, polled, room);
    return result;
}

/* close_devpoll closes the descriptor, through the core where it knows it: that wakes those who wait. A child gives back the
   number that it inherited. */
static void
close_devpoll(Devpoll *self)
{
    int fd = self->fd;
    if (fd < 0) {
        return;
    }
    self->fd = -1;
    Py_BEGIN_ALLOW_THREADS
    if (core.works && self->generation == core.generation) {
        core.devpoll_close(self->object);
    }
    else {
        close(fd);
    }
    Py_END_ALLOW_THREADS
}

PyDoc_STRVAR(close_doc, "close($self, /)\n"
                        "--\n"
                        "\n"
                        "Close the descriptor of the devpoll. Every other method is a ValueError then.");

static PyObject *
devpoll_close(Devpoll *self, PyObject *unused)
{
    (void)unused;
    close_devpoll(self);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(fileno_doc, "fileno($self, /)\n"
                         "--\n"
                         "\n"
                         "The descriptor of the devpoll.");

static PyObject *
devpoll_fileno(Devpoll *self, PyObject *unused)
{
    (void)unused;
    return self->fd < 0 ? raise_closed("devpoll") : PyLong_FromLong(self->fd);
}

static PyObject *
devpoll_closed(Devpoll *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->fd < 0);
}

static void
devpoll_dealloc(Devpoll *self)
{
    PyTypeObject *type = Py_TYPE(self);
    close_devpoll(self);
    if (self->object != NULL && core.works && self->generation == core.generation) {
        core.forget(self->object);
    }
    PyMem_Free(self->polled);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"register", _PyCFunction_CAST(devpoll_register), METH_FASTCALL, register_doc},
    {"modify", _PyCFunction_CAST(devpoll_modify), METH_FASTCALL, modify_doc},
    {"unregister", (PyCFunction)devpoll_unregister, METH_O, unregister_doc},
    {"poll", _PyCFunction_CAST(devpoll_poll), METH_FASTCALL, poll_doc},
    {"close", (PyCFunction)devpoll_close, METH_NOARGS, close_doc},
    {"fileno", (PyCFunction)devpoll_fileno, METH_NOARGS, fileno_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"closed", (getter)devpoll_closed, NULL, "Whether the devpoll is closed.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, devpoll_dealloc},
    {Py_tp_getset, attributes},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "select.devpoll",
    .basicsize = sizeof(Devpoll),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

PyDoc_STRVAR(new_doc, "devpoll($module, /)\n"
                      "--\n"
                      "\n"
                      "Make a devpoll object, with which descriptors are registered to be waited for.");

static PyObject *
new_devpoll(PyObject *module, PyObject *unused)
{
    (void)unused;
    if (core_use() < 0) {
        return NULL;
    }
    Devpoll *self = PyObject_New(Devpoll, state_of(module)->devpoll_type);
    if (self == NULL) {
        return NULL;
    }
    GoUintptr object = 0;
    GoInt32 fd = -1;
    int code = core.devpoll_new(&object, &fd);
    self->fd = fd;
    self->object = (void *)object;
    self->generation = core.generation;
    self->polled = NULL;
    self->room = 0;
    if (code != 0) {
        Py_DECREF(self);
        return raise_code(code);
    }
    return (PyObject *)self;
}

static PyMethodDef functions[] = {
    {"devpoll", new_devpoll, METH_NOARGS, new_doc},
    {NULL, NULL, 0, NULL},
};

int
add_devpoll(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (type == NULL) {
        return -1;
    }
    state_of(module)->devpoll_type = (PyTypeObject *)type;
    return PyModule_AddFunctions(module, functions);
}
