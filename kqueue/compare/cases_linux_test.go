package compare

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// scene is what a queue watches in a case.
type scene struct {
	ident        int
	isDescriptor bool
	other        int    // the other end
	path         string // of a file
}

// play is a case that is being run.
type play struct {
	t *testing.T
	scene
	queue
	seen []string
}

// add registers what the scene is about.
func (p *play) add(filter, flags, fflags string, data int64) {
	p.change(filter, strings.TrimSuffix("EV_ADD|"+flags, "|"), fflags, data)
}

func (p *play) change(filter, flags, fflags string, data int64) {
	if result := p.queue.change(filter, flags, fflags, data); result != "ok" {
		p.note(flags + ": " + result)
	}
}

// note records an action of the queue.
func (p *play) note(what string) { p.seen = append(p.seen, what) }

// await waits for expected events, and peek for unexpected ones.
func (p *play) await() { p.events(2 * time.Second) }
func (p *play) peek()  { p.events(20 * time.Millisecond) }

func (p *play) events(timeout time.Duration) {
	events := strings.Join(p.queue.wait(timeout), ", ")
	if events == "" {
		events = "nothing"
	}
	p.note(events)
}

func (p *play) write(n int) { p.writeTo(p.other, n) }

func (p *play) writeTo(fd, n int) {
	_, err := unix.Write(fd, make([]byte, n))
	must(p.t, err)
}

func (p *play) read(fd, n int) {
	_, err := unix.Read(fd, make([]byte, n))
	must(p.t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func pipe(t *testing.T) scene {
	var fds [2]int
	must(t, unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK))
	// The case may have closed them.
	t.Cleanup(func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) })
	return scene{ident: fds[0], isDescriptor: true, other: fds[1]}
}

func pipeForWriting(t *testing.T) scene {
	s := pipe(t)
	s.ident, s.other = s.other, s.ident
	return s
}

func pair(t *testing.T) scene {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	must(t, err)
	t.Cleanup(func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) })
	return scene{ident: fds[0], isDescriptor: true, other: fds[1]}
}

func file(t *testing.T) scene {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte("12345"), 0o600))
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { must(t, unix.Close(fd)) })
	return scene{ident: fd, isDescriptor: true, path: path}
}

func number(*testing.T) scene     { return scene{ident: 1} }
func userSignal(*testing.T) scene { return scene{ident: int(unix.SIGUSR1)} }

// cases run in both queues. The last field is the expected result of package kqueue.
var cases = []struct {
	name  string
	scene func(*testing.T) scene
	run   func(*play)
	want  []string
}{
	{"ReadLevel", pipe, func(p *play) {
		p.add("EVFILT_READ", "", "0", 0)
		p.write(3)
		p.await()
		p.read(p.ident, 1)
		p.await()
		p.read(p.ident, 2)
		p.peek()
	}, []string{"EVFILT_READ 0 0 3", "EVFILT_READ 0 0 2", "nothing"}},
	{"ReadClear", pipe, func(p *play) {
		p.add("EVFILT_READ", "EV_CLEAR", "0", 0)
		p.write(3)
		p.await()
		p.peek()
		p.write(1)
		p.await()
	}, []string{"EVFILT_READ EV_CLEAR 0 3", "nothing", "EVFILT_READ EV_CLEAR 0 4"}},
	{"ReadOneShot", pipe, func(p *play) {
		p.add("EVFILT_READ", "EV_ONESHOT", "0", 0)
		p.write(3)
		p.await()
		p.peek()
		p.change("EVFILT_READ", "EV_DELETE", "0", 0)
	}, []string{"EVFILT_READ EV_ONESHOT 0 3", "nothing", "EV_DELETE: no such file or directory"}},
	{"ReadDispatch", pipe, func(p *play) {
		p.add("EVFILT_READ", "EV_DISPATCH", "0", 0)
		p.write(3)
		p.await()
		p.peek()
		p.change("EVFILT_READ", "EV_ENABLE", "0", 0)
		p.await()
	}, []string{"EVFILT_READ EV_DISPATCH 0 3", "nothing", "EVFILT_READ EV_DISPATCH 0 3"}},
	{"ReadDisabled", pipe, func(p *play) {
		p.add("EVFILT_READ", "", "0", 0)
		p.write(3)
		p.change("EVFILT_READ", "EV_DISABLE", "0", 0)
		p.peek()
		p.change("EVFILT_READ", "EV_ENABLE", "0", 0)
		p.await()
	}, []string{"nothing", "EVFILT_READ 0 0 3"}},
	{"ReadEnd", pipe, func(p *play) {
		p.add("EVFILT_READ", "", "0", 0)
		p.write(3)
		must(p.t, unix.Close(p.other))
		p.await()
		p.read(p.ident, 3)
		p.await()
	}, []string{"EVFILT_READ EV_EOF 0 3", "EVFILT_READ EV_EOF 0 0"}},
	{"ReadLowWater", pair, func(p *play) {
		p.add("EVFILT_READ", "", "NOTE_LOWAT", 4)
		p.write(3)
		p.peek()
		p.write(1)
		p.await()
	}, []string{"nothing", "EVFILT_READ 0 0 4"}},
	{"WritePipe", pipeForWriting, func(p *play) {
		p.add("EVFILT_WRITE", "", "0", 0)
		p.await()
		p.writeTo(p.ident, 1<<16)
		p.peek()
		must(p.t, unix.Close(p.other))
		p.await()
	}, []string{"EVFILT_WRITE 0 0 65536", "nothing", "EVFILT_WRITE EV_EOF 0 0"}},
	{"ReadClearAndWriteLevel", pair, func(p *play) {
		p.add("EVFILT_READ", "EV_CLEAR", "0", 0)
		p.write(1)
		p.await()
		p.add("EVFILT_WRITE", "EV_ONESHOT", "NOTE_LOWAT", 1)
		p.note(strings.Fields(strings.Join(p.queue.wait(2*time.Second), " ") + " nothing")[0])
		p.peek()
	}, []string{"EVFILT_READ EV_CLEAR 0 1", "EVFILT_WRITE", "nothing"}},
	{"SocketEnd", pair, func(p *play) {
		p.add("EVFILT_READ", "", "0", 0)
		must(p.t, unix.Shutdown(p.other, unix.SHUT_WR))
		p.await()
	}, []string{"EVFILT_READ EV_EOF 0 0"}},
	{"File", file, func(p *play) {
		p.add("EVFILT_READ", "", "0", 0)
		p.await()
		p.read(p.ident, 5)
		p.peek()
		p.append("67")
		p.await()
	}, []string{"EVFILT_READ 0 0 5", "nothing", "EVFILT_READ 0 0 2"}},
	{"FileNotes", file, func(p *play) {
		p.add("EVFILT_VNODE", "EV_CLEAR", "NOTE_WRITE|NOTE_EXTEND|NOTE_ATTRIB|NOTE_LINK|NOTE_RENAME|NOTE_DELETE", 0)
		p.append("6")
		p.await()
		must(p.t, os.Chmod(p.path, 0o644))
		p.await()
		must(p.t, os.Link(p.path, p.path+"2"))
		p.await()
		must(p.t, os.Rename(p.path, p.path+"3"))
		p.await()
		must(p.t, os.Remove(p.path+"2"))
		p.await()
		must(p.t, os.Remove(p.path+"3"))
		p.await()
	}, []string{
		"EVFILT_VNODE EV_CLEAR NOTE_WRITE|NOTE_EXTEND 0", "EVFILT_VNODE EV_CLEAR NOTE_ATTRIB 0", "EVFILT_VNODE EV_CLEAR NOTE_LINK 0",
		"EVFILT_VNODE EV_CLEAR NOTE_RENAME 0", "EVFILT_VNODE EV_CLEAR NOTE_DELETE 0",
		"EVFILT_VNODE EV_CLEAR NOTE_DELETE 0",
	}},
	{"NotesOfAPipe", pipe, func(p *play) { p.add("EVFILT_VNODE", "EV_CLEAR", "NOTE_WRITE", 0) },
		[]string{"EV_ADD|EV_CLEAR: invalid argument"}},
	{"Unknown", pipe, func(p *play) {
		for _, flags := range []string{"EV_DELETE", "EV_ENABLE", "EV_DISABLE"} {
			p.change("EVFILT_READ", flags, "0", 0)
		}
		p.change("99", "EV_ADD", "0", 0)
	}, []string{
		"EV_DELETE: no such file or directory", "EV_ENABLE: no such file or directory", "EV_DISABLE: no such file or directory",
		"EV_ADD: invalid argument",
	}},
	{"TimerOnce", number, func(p *play) {
		p.add("EVFILT_TIMER", "EV_ONESHOT", "NOTE_USECONDS", 20_000)
		p.await()
		p.peek()
	}, []string{"EVFILT_TIMER EV_ONESHOT|EV_CLEAR 0 1", "nothing"}},
	{"TimerAtATime", number, func(p *play) {
		p.add("EVFILT_TIMER", "EV_ONESHOT", "NOTE_ABSTIME|NOTE_SECONDS", 1)
		p.await()
	}, []string{"EVFILT_TIMER EV_ONESHOT|EV_CLEAR 0 1"}},
	{"TimerOfLess", number, func(p *play) { p.add("EVFILT_TIMER", "", "0", -1) }, []string{"EV_ADD: invalid argument"}},
	{"User", number, func(p *play) {
		p.add("EVFILT_USER", "EV_CLEAR", "0", 0)
		p.change("EVFILT_USER", "0", "NOTE_TRIGGER|NOTE_FFCOPY|5", 0)
		p.change("EVFILT_USER", "0", "NOTE_TRIGGER|NOTE_FFOR|2", 0)
		p.await()
		p.peek()
	}, []string{"EVFILT_USER EV_CLEAR 7 0", "nothing"}},
	{"UserDispatch", number, func(p *play) {
		p.add("EVFILT_USER", "EV_CLEAR|EV_DISPATCH", "0", 0)
		p.change("EVFILT_USER", "0", "NOTE_TRIGGER", 0)
		p.await()
		p.change("EVFILT_USER", "0", "NOTE_TRIGGER", 0)
		p.peek()
		p.change("EVFILT_USER", "EV_ENABLE", "NOTE_TRIGGER", 0)
		p.await()
	}, []string{"EVFILT_USER EV_CLEAR|EV_DISPATCH 0 0", "nothing", "EVFILT_USER EV_CLEAR|EV_DISPATCH 0 0"}},
	{"Signal", userSignal, func(p *play) {
		p.add("EVFILT_SIGNAL", "", "0", 0)
		must(p.t, syscall.Kill(p.pid(), unix.SIGUSR1))
		p.await()
		p.peek()
	}, []string{"EVFILT_SIGNAL EV_CLEAR 0 1", "nothing"}},
}

// append writes at the end of the file, with another descriptor.
func (p *play) append(text string) {
	f, err := os.OpenFile(p.path, os.O_APPEND|os.O_WRONLY, 0)
	must(p.t, err)
	_, err = f.WriteString(text)
	must(p.t, err)
	must(p.t, f.Close())
}
