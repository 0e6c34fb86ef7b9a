/* This file loads the Go half without effects on Python, and again in each child that uses it. */
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

/* The file as it was first loaded. Children load copies of it. They might not find the file after
   chroot, and a newer file might not fit. */
static struct {
    const char *bytes;
    size_t size;
} image;

/* The interpreters of a process may each have a lock of their own, but share the core. */
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

/* first_thread is set in the first thread of a child. */
static pthread_key_t first_thread;

/* after_fork runs in the child. The Go runtime has lost its threads, and must not be used again. */
static void
after_fork(void)
{
    pthread_mutex_init(&loading, NULL);
    core.works = 0;
    core.generation++;
    core.highest_open = 0;
    pthread_setspecific(first_thread, &core);
}

/* blocks_everything reports whether a thread is one of the Go runtime's: they block all signals. */
static int
blocks_everything(const char *task)
{
    char path[300], line[256];
    snprintf(path, sizeof path, "/proc/self/task/%s/status", task);
    FILE *status = fopen(path, "re");
    if (status == NULL) {
        return 1; /* the thread has ended */
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

/* first_thread_ends runs when the first thread of a child returns. That happens if its parent
   forked in a thread other than the main one. A process ends with its last thread, but the Go
   runtime's threads never end. So this thread stays until it is Python's last one. */
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

static void *
nothing(void *unused)
{
    return unused;
}

/* has_room raises ImportError if there is no address space or thread. A starting Go runtime would
   end the process instead. */
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

/* path_beside_us writes the path of the core, which is in the same folder as this file. */
static int
path_beside_us(char *path, size_t size)
{
    Dl_info us;
    if (dladdr(&core, &us) == 0 || us.dli_fname == NULL) {
        return refuse("the folder of the module is unknown");
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

/* open_copy returns a descriptor of a new file in memory that contains the image. */
static int
open_copy(void)
{
    int fd = memfd_create(core_file, MFD_CLOEXEC | MFD_EXEC);
    if (fd < 0 && errno == EINVAL) { /* MFD_EXEC is new in Linux 6.3 */
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

/* open_library loads the core from path, and leaves the mask and the handlers of signals as they
   were. The runtime's threads inherit a mask that blocks everything, so they never take Python's
   signals. The runtime's handlers are removed again. They are for faults in Go code, preemption
   and SIGPIPE, which do not occur here. */
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
            start(); /* returns after the runtime has installed its handlers */
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

/* load_again loads a copy for a child. The dynamic linker returns the loaded library if the file or
   the path is the same. So the file is new, and each copy's path has one more slash. */
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
    if (!core.works) { /* no other thread has loaded it meanwhile */
        result = has_room() < 0 ? -1 : core.generation == 0 ? load_first() : load_again();
    }
    pthread_mutex_unlock(&loading);
    return result;
}
