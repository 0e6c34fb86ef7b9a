"""Loading the core, and failures to load it."""

import os
import resource
import shutil
import tempfile
import unittest

from child import DIST, run

IMPORT = """
try:
    import select
    print('imported')
except ImportError as error:
    print(error)
"""


class Loading(unittest.TestCase):
    def copy(self):
        """Returns a copy of the module that every user can read."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        shutil.copytree(DIST, folder, dirs_exist_ok=True)
        return folder

    def test_dist_is_complete(self):
        folder = self.copy()
        self.assertTrue(run("import select; print(select.__file__)", folder).startswith(folder))

    def test_without_its_core(self):
        folder = self.copy()
        os.remove(os.path.join(folder, "iomux-core.so"))
        self.assertIn("iomux-core.so", run(IMPORT, folder))

    def test_with_a_damaged_core(self):
        folder = self.copy()
        with open(os.path.join(folder, "iomux-core.so"), "r+b") as core:
            core.truncate(100)
        self.assertIn("cannot be loaded", run(IMPORT, folder))

    def test_with_an_empty_core(self):
        folder = self.copy()
        with open(os.path.join(folder, "iomux-core.so"), "w"):
            pass
        self.assertIn("iomux-core.so", run(IMPORT, folder))

    def test_the_file_of_the_core_may_be_removed_after_loading(self):
        code = """
import os, select, shutil, sys
shutil.rmtree(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(select.__file__))
os.mkdir(os.path.dirname(select.__file__))
p = select.poll(); p.register(0)
pid = os.fork()
if pid == 0:
    p.poll(0)
    os._exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
        self.assertEqual(run(code, self.copy()), "5")

    def test_without_address_space(self):
        limit = 400 << 20
        text = run(IMPORT, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        self.assertIn("address space", text)

    def test_without_threads(self):
        def nobody():
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)  # the limit does not apply to root

        self.assertIn("threads", run(IMPORT, self.copy(), preexec_fn=nobody, cwd="/"))

    def test_no_descriptor_is_left_open(self):
        code = """
import os
def numbers():
    found = os.listdir('/proc/self/fd')  # with the descriptor of the listing itself
    return sorted(int(number) for number in found if os.path.exists(f'/proc/self/fd/{number}'))
before = numbers()
import select
select.poll().poll(0), select.select([], [], [], 0)
assert numbers() == before, (numbers(), before)
ep = select.epoll()
ep.poll(0)
added = set(numbers()) - set(before)
links = {os.readlink(f'/proc/self/fd/{number}') for number in added}
assert links == {'anon_inode:[eventpoll]', 'anon_inode:[eventfd]'}, links
assert not os.get_inheritable(ep.fileno())
ep.close()
for _ in range(100):
    select.epoll().close()
assert numbers() == before, (numbers(), before)
"""
        run(code)

    def test_standard_descriptors_may_be_closed(self):
        code = """
import os, sys
for number in (0, 1): os.close(number)
import select
p = select.poll(); p.register(0); p.register(1)
assert p.poll(0) == [(0, select.POLLNVAL), (1, select.POLLNVAL)], p.poll(0)
r, w = os.pipe()
assert (r, w) == (0, 1), (r, w)
pid = os.fork()
if pid == 0:
    os._exit(len(p.poll(0)))
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
"""
        run(code)

    def test_the_program_closes_all_descriptors(self):
        code = """
import os, select
lost = [select.epoll()]  # kept, because freeing an object closes its number
os.closerange(3, 100)
for _ in range(3):
    r, w = os.pipe()
    ep = select.epoll()
    lost.append(ep)
    ep.register(r, select.EPOLLIN)
    os.write(w, b'x')
    assert ep.poll(1) == [(r, select.EPOLLIN)]
    os.closerange(3, 100)
sockets = [os.pipe() for _ in range(20)]
ep = select.epoll()
for r, w in sockets:
    ep.register(r, select.EPOLLIN)
assert ep.poll(0.01) == []
os.write(sockets[0][1], b'x')
assert ep.poll(1) == [(sockets[0][0], select.EPOLLIN)]
os._exit(0)
"""
        run(code)

    def test_descriptors_run_out(self):
        code = """
import errno, os, resource, select
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
p = select.poll(); p.register(0)
kept = []
try:
    while True:
        kept.append(select.epoll())
except OSError as error:
    assert error.errno == errno.EMFILE, error
pid = os.fork()
if pid == 0:
    try:
        p.poll(0)
    except (OSError, ImportError) as error:
        assert 'Too many open files' in str(error), error
        kept.clear()
        p.poll(0)
        os._exit(6)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
        self.assertEqual(run(code), "6")

    @unittest.skipUnless(os.getuid() == 0, "only root may change its root folder")
    def test_a_child_without_proc(self):
        code = """
import os, select, tempfile
p = select.poll(); p.register(0)
pid = os.fork()
if pid == 0:
    os.chroot(tempfile.mkdtemp())
    try:
        p.poll(0)
    except ImportError as error:
        os._exit('core cannot be loaded' in str(error))
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
        self.assertEqual(run(code), "1")
