/* Loading of the Go half, in a way that Python does not notice, and again in each child that uses it. */
#define _GNU_SOURCE
#include "module.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static const char core_file[] = "iomux-core.so";

struct core core;

/* The file as it was when it was first loaded. Children make their copies of it: they may have lost sight of the file
   (chroot), and a newer one might not fit. */
static struct {
    const char *bytes;
    size_t size;
} image;

/* Interpreters of one process may have a lock each, and the core is one for all. */
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

/* Set in the one thread that a child begins with. */
static pthread_key_t first_thread;

/* after_fork runs in the child. The threads of the Go runtime are gone, so it must never be entered again. */
static void
after_fork(void)
{
    pthread_mutex_init(&loading, NULL);
    core.works = 0;
    core.generation++;
    core.highest_open = 0;
    pthread_setspecific(first_thread, &core);
}

/* blocks_everything tells the threads of the Go runtime from Python's. */
static int
blocks_everything(const char *task)
{
    char path[300], line[256];
    snprintf(path, sizeof path, "/proc/self/task/%s/status", task);
    FILE *status = fopen(path, "re");
    if (status == NULL) {
        return 1; /* it has ended */
    }
    unsigned long long blocked = 0;
    while (fgets(line, sizeof line, status) != NULL && sscanf(line, "SigBlk: %llx", &blocked) != 1) {
    }
    fclose(status);
    return (blocked & (1ULL << (SIGILL - 1))) != 0;
}

static int
count_python_threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        count += task->d_name[0] != '.' && !blocks_everything(task->d_name);
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return count;
}

/* first_thread_ends runs where a child was forked by a thread that is not its parent's main one, and that thread returns. A
   process ends with its last thread; but those of the Go runtime never end. So this thread stays until it is the last. */
static void
first_thread_ends(void *unused)
{
    (void)unused;
    if (!core.works) {
        return;
    }
    while (count_python_threads() > 1) {
        usleep(10000);
    }
    exit(0);
}

/* refuse raises an ImportError. */
static int
refuse(const char *reason)
{
    PyErr_Format(PyExc_ImportError, "select: the core cannot be loaded: %s", reason);
    return -1;
}

/* A Go runtime that finds no address space or no thread when it starts ends the process. So both are tried out before. */
static void *
nothing(void *unused)
{
    return unused;
}

static int
has_room(void)
{
    const size_t reserve = (size_t)1 << 30;
    void *space = mmap(NULL, reserve, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED) {
        return refuse("it needs a gigabyte of address space (ulimit -v)");
    }
    munmap(space, reserve);
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) != 0) {
        return refuse("it needs threads of its own, and none can be started (ulimit -u)");
    }
    pthread_join(thread, NULL);
    return 0;
}

/* path_beside_us is the path of the core: it lies in the folder of this file. */
static int
path_beside_us(char *path, size_t size)
{
    Dl_info us;
    if (dladdr(&core, &us) == 0 || us.dli_fname == NULL) {
        return refuse("the folder of the module is not known");
    }
    const char *slash = strrchr(us.dli_fname, '/');
    int folder = slash ? (int)(slash + 1 - us.dli_fname) : 0;
    if ((size_t)snprintf(path, size, "%.*s%s", folder, us.dli_fname, core_file) >= size) {
        return refuse("the path of its folder is too long");
    }
    return 0;
}

static int
keep_image(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0) {
        void *bytes = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes != MAP_FAILED) {
            image.bytes = bytes;
            image.size = status.st_size;
        }
    }
    if (image.bytes == NULL) {
        PyErr_SetFromErrnoWithFilename(PyExc_ImportError, path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return image.bytes == NULL ? -1 : 0;
}

/* open_copy is a descriptor of a new file, in memory, with the image. */
static int
open_copy(void)
{
    int fd = memfd_create(core_file, MFD_CLOEXEC | MFD_EXEC);
    if (fd < 0 && errno == EINVAL) { /* MFD_EXEC is of Linux 6.3 */
        fd = memfd_create(core_file, MFD_CLOEXEC);
    }
    for (size_t done = 0; fd >= 0 && done < image.size;) {
        ssize_t n = write(fd, image.bytes + done, image.size - done);
        if (n > 0) {
            done += n;
        }
        else if (errno != EINTR) {
            close(fd);
            fd = -1;
        }
    }
    if (fd < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
    }
    return fd;
}

/* open_library loads the core from path, with no signal blocked or handled otherwise afterwards than before. The runtime's
   threads inherit a mask in which everything is blocked, and so never take a signal that is Python's. Its handlers are for
   faults in Go code, and for a SIGPIPE and a preemption that do not happen here: they are taken out again. */
static void *
open_library(const char *path)
{
    struct sigaction handlers[NSIG];
    sigset_t all, mask;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    for (int i = 1; i < NSIG; i++) {
        sigaction(i, NULL, &handlers[i]);
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) {
        __typeof__(iomux_start) *start = (__typeof__(iomux_start) *)dlsym(library, "iomux_start");
        if (start != NULL) {
            start(); /* returns when the runtime has installed its handlers */
        }
        for (int i = 1; i < NSIG; i++) {
            sigaction(i, &handlers[i], NULL);
        }
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return library;
}

static int
find_functions(void *library)
{
#define X(name)                                                                                                                \
    if ((core.name = (__typeof__(core.name))dlsym(library, "iomux_" #name)) == NULL) {                                       \
        return refuse("it lacks iomux_" #name);                                                                                \
    }
    CORE_FUNCTIONS(X)
#undef X
    return 0;
}

static int
load_from(const char *path)
{
    void *library = open_library(path);
    if (library == NULL) {
        return refuse(dlerror());
    }
    if (find_functions(library) < 0) {
        return -1;
    }
    __atomic_store_n(&core.works, 1, __ATOMIC_RELEASE);
    return 0;
}

static int
load_first(void)
{
    char path[4096];
    if (path_beside_us(path, sizeof path) < 0 || keep_image(path) < 0) {
        return -1;
    }
    int error = pthread_key_create(&first_thread, first_thread_ends);
    if (error == 0) {
        error = pthread_atfork(NULL, NULL, after_fork);
    }
    if (error != 0) {
        return refuse(strerror(error));
    }
    core.generation = 1;
    return load_from(path);
}

/* load_again gives a child a copy of its own. The dynamic linker takes a file that it has loaded, and a path that it knows,
   for the library it has already: so the file is new, and there are as many slashes in its path as there were copies. */
static int
load_again(void)
{
    char path[4096];
    int fd = open_copy();
    if (fd < 0) {
        return -1;
    }
    char slashes[2048];
    size_t count = core.generation % sizeof slashes;
    memset(slashes, '/', count);
    snprintf(path, sizeof path, "/proc/self/fd/%.*s%d", (int)count, slashes, fd);
    int result = load_from(path);
    close(fd);
    return result;
}

int
core_load(void)
{
    int result = 0;
    pthread_mutex_lock(&loading);
    if (!core.works) { /* nobody was faster */
        result = has_room() < 0 ? -1 : core.generation == 0 ? load_first() : load_again();
    }
    pthread_mutex_unlock(&loading);
    return result;
}
