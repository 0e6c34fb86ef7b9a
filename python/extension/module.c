/* The module itself, and the mechanisms in it. */
#include "module.h"

#include "core.h"

/* The mechanisms. Those with a name are missing from the original on Linux. The module has them
   only if the environment variable lists them, because programs such as selectors choose by the
   names they find. */
static const struct {
    int (*add)(PyObject *module);
    const char *name;
} mechanisms[] = {
    {add_select, NULL},
    {add_poll, NULL},
    {add_epoll, NULL},
    {add_kqueue, "kqueue"},
    {add_devpoll, "devpoll"},
};
#define MECHANISMS (sizeof mechanisms / sizeof *mechanisms)

/* read_variable marks the mechanisms that the variable lists. It refuses unknown names, so that a
   misspelt one is noticed. */
static int
read_variable(char *wanted)
{
    static const char variable[] = "IOMUX_SELECT_WITH", between[] = ", ";
    const char *names = getenv(variable);
    while (names != NULL && *(names += strspn(names, between)) != '\0') {
        size_t length = strcspn(names, between);
        int known = 0;
        for (size_t i = 0; i < MECHANISMS; i++) {
            const char *name = mechanisms[i].name;
            if (name != NULL && strlen(name) == length && memcmp(name, names, length) == 0) {
                known = wanted[i] = 1;
            }
        }
        if (!known) {
            PyObject *name = PyUnicode_DecodeLocaleAndSize(names, length, "surrogateescape");
            if (name != NULL) {
                PyErr_Format(PyExc_ImportError, "select: unknown name in %s: %U", variable, name);
                Py_DECREF(name);
            }
            return -1;
        }
        names += length;
    }
    return 0;
}

int
add_constants(PyObject *module, const struct constant *constants)
{
    for (; constants->name != NULL; constants++) {
        PyObject *value = PyLong_FromUnsignedLong(constants->value);
        int result = value == NULL ? -1 : PyModule_AddObjectRef(module, constants->name, value);
        Py_XDECREF(value);
        if (result < 0) {
            return -1;
        }
    }
    return 0;
}

PyObject *
pair_of(int fd, unsigned int events)
{
    PyObject *pair = PyTuple_New(2), *first = PyLong_FromLong(fd), *second = PyLong_FromUnsignedLong(events);
    if (pair == NULL || first == NULL || second == NULL) {
        Py_XDECREF(pair);
        Py_XDECREF(first);
        Py_XDECREF(second);
        return NULL;
    }
    PyTuple_SET_ITEM(pair, 0, first);
    PyTuple_SET_ITEM(pair, 1, second);
    return pair;
}

int direct_calls;

static void
read_direct(void)
{
    const char *direct = getenv("IOMUX_SELECT_DIRECT");
    direct_calls = direct == NULL || strcmp(direct, "no") != 0;
}

static int
fill(PyObject *module)
{
    read_direct();
    char wanted[MECHANISMS] = {0};
    /* The core is loaded now, so that a missing one is an ImportError, not an error of the first
       wait. */
    if (read_variable(wanted) < 0 || core_use() < 0 || PyModule_AddObjectRef(module, "error", PyExc_OSError) < 0) {
        return -1;
    }
    for (size_t i = 0; i < MECHANISMS; i++) {
        if ((mechanisms[i].name == NULL || wanted[i]) && mechanisms[i].add(module) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
traverse(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(state_of(module)->poll_type);
    Py_VISIT(state_of(module)->kevent_type);
    Py_VISIT(state_of(module)->devpoll_type);
    return 0;
}

static int
clear(PyObject *module)
{
    Py_CLEAR(state_of(module)->poll_type);
    Py_CLEAR(state_of(module)->kevent_type);
    Py_CLEAR(state_of(module)->devpoll_type);
    return 0;
}

static void
release(void *module)
{
    clear(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, fill},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

PyDoc_STRVAR(module_doc, "Waiting on many file descriptors at once.\n"
                         "\n"
                         "It waits with iomux, a library in Go.");

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "select",
    .m_doc = module_doc,
    .m_size = sizeof(struct state),
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_free = release,
};

PyMODINIT_FUNC
PyInit_select(void)
{
    return PyModuleDef_Init(&definition);
}
