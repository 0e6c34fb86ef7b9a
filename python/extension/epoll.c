/* The type select.epoll. */
#include "epoll.h"

static const struct kind epoll = {"epoll", SHARED, &core.epoll_new, &core.epoll_adopt, &core.epoll_close};

PyDoc_STRVAR(epoll_doc, "select.epoll(sizehint=-1, flags=0)\n"
                        "\n"
                        "An epoll object, which waits for registered descriptors.\n"
                        "\n"
                        "sizehint must be positive or -1 and has no effect. flags may be EPOLL_CLOEXEC,\n"
                        "which is always in effect.");

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
    return object_new(type, &epoll);
}

PyDoc_STRVAR(fromfd_doc, "fromfd($type, fd, /)\n"
                         "--\n"
                         "\n"
                         "Return an epoll object that takes over the descriptor of an epoll.");

static PyObject *
epoll_fromfd(PyObject *type, PyObject *number)
{
    return object_fromfd((PyTypeObject *)type, &epoll, number);
}

static void
epoll_dealloc(Epoll *self)
{
    PyMem_Free(self->room);
    PyMem_Free(self->known);
    object_dealloc(&self->base);
}

static PyMethodDef methods[] = {
    {"fromfd", epoll_fromfd, METH_O | METH_CLASS, fromfd_doc},
    CLOSE_METHOD("epoll"),
    FILENO_METHOD("epoll"),
    {"register", _PyCFunction_CAST(epoll_register), METH_FASTCALL | METH_KEYWORDS, epoll_register_doc},
    {"modify", _PyCFunction_CAST(epoll_modify), METH_FASTCALL | METH_KEYWORDS, epoll_modify_doc},
    {"unregister", _PyCFunction_CAST(epoll_unregister), METH_FASTCALL | METH_KEYWORDS, epoll_unregister_doc},
    {"poll", _PyCFunction_CAST(epoll_poll), METH_FASTCALL | METH_KEYWORDS, epoll_poll_doc},
    ENTER_METHOD,
    EXIT_METHOD,
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    CLOSED_ATTRIBUTE("epoll"),
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
