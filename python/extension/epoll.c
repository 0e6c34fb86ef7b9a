/* select.epoll: its objects, from their birth to their end. */
#include "epoll.h"

#include <unistd.h>

int
epoll_use(Epoll *self)
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
    return self->fd < 0 ? raise_closed("epoll") : PyLong_FromLong(self->fd);
}

static PyObject *
epoll_closed(Epoll *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->fd < 0);
}

static PyObject *
epoll_enter(Epoll *self, PyObject *unused)
{
    (void)unused;
    return self->fd < 0 ? raise_closed("epoll") : Py_NewRef(self);
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
    {"register", _PyCFunction_CAST(epoll_register), METH_FASTCALL | METH_KEYWORDS, epoll_register_doc},
    {"modify", _PyCFunction_CAST(epoll_modify), METH_FASTCALL | METH_KEYWORDS, epoll_modify_doc},
    {"unregister", _PyCFunction_CAST(epoll_unregister), METH_FASTCALL | METH_KEYWORDS, epoll_unregister_doc},
    {"poll", _PyCFunction_CAST(epoll_poll), METH_FASTCALL | METH_KEYWORDS, epoll_poll_doc},
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
