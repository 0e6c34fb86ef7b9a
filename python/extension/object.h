/* The life cycle that epoll, kqueue and devpoll objects share. */
#ifndef IOMUX_OBJECT_H
#define IOMUX_OBJECT_H

#include "module.h"

#include "core.h"

/* The state of an object in a child process. */
enum in_child {
    SHARED,  /* the child's core adopts the descriptor */
    CLOSED,  /* the child sees a closed object */
    REFUSED, /* the child gets EACCES, except from close, fileno and closed */
};

/* A kind of object. The functions are members of core, which change when a child loads its own
   copy. */
struct kind {
    const char *name;
    enum in_child in_child;
    __typeof__(core.epoll_new) *new;
    __typeof__(core.epoll_adopt) *adopt;
    __typeof__(core.epoll_close) *close;
};

/* An Object is the first member of every object with a descriptor. */
typedef struct {
    PyObject_HEAD
    const struct kind *kind;
    int fd;              /* -1 after close */
    int fd_to_close;     /* after close, while there are users; else -1 */
    void *object;        /* the core's object; NULL until the first use after fromfd */
    unsigned generation; /* of the core, when it was set */
    int users;           /* direct system calls on fd in progress, in the generation users_in */
    unsigned users_in;   /* a child lacks the threads that make the calls of its parent */
} Object;

/* object_new makes an object with a new descriptor. */
PyObject *object_new(PyTypeObject *type, const struct kind *kind);

/* object_fromfd makes an object of a Python integer. The core checks the number at its first
   use. */
PyObject *object_fromfd(PyTypeObject *type, const struct kind *kind, PyObject *number);

/* object_use makes sure that the core works and knows the object. It returns 0, a code, or -1 with
   an exception. */
int object_use(Object *self);

/* object_raise raises the exception for a code or a result of object_use, and returns NULL. */
PyObject *object_raise(Object *self, int code);

/* object_failed returns the result of an attempt that failed with a code. */
int object_failed(Object *self, int code);

int object_is_closed(Object *self);

/* object_begin keeps fd open until object_end, even if another thread closes the object. Both need
   the interpreter's lock. */
void object_begin(Object *self);
void object_end(Object *self);

/* object_dealloc closes the object and frees it, but not what its kind adds to it. */
void object_dealloc(Object *self);

/* The methods and attributes that work the same way for all kinds. */
PyObject *object_close(Object *self, PyObject *unused);
PyObject *object_fileno(Object *self, PyObject *unused);
PyObject *object_enter(Object *self, PyObject *unused);
PyObject *object_exit(Object *self, PyObject *const *args, Py_ssize_t count);
PyObject *object_get_closed(Object *self, void *unused);

/* Their lines in the tables of a type. */
#define CLOSE_METHOD(name)                                                                         \
    {"close", (PyCFunction)object_close, METH_NOARGS,                                              \
     "close($self, /)\n--\n\n"                                                                     \
     "Close the " name " object. Threads that wait in it raise ValueError.\n\n"                    \
     "Every other method raises ValueError afterwards."}
#define FILENO_METHOD(name)                                                                        \
    {"fileno", (PyCFunction)object_fileno, METH_NOARGS,                                            \
     "fileno($self, /)\n--\n\nReturn the file descriptor of the " name " object."}
#define ENTER_METHOD                                                                               \
    {"__enter__", (PyCFunction)object_enter, METH_NOARGS, "__enter__($self, /)\n--\n\n"}
#define EXIT_METHOD                                                                                \
    {"__exit__", _PyCFunction_CAST(object_exit), METH_FASTCALL,                                    \
     "__exit__($self, exc_type=None, exc_value=None, exc_tb=None, /)\n--\n\n"}
#define CLOSED_ATTRIBUTE(name)                                                                     \
    {"closed", (getter)object_get_closed, NULL, "True if the " name " object is closed.", NULL}

#endif
