package compare

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux/kqueue"
)

// queue is a kqueue, ours or theirs. Changes and events are spelled as in C.
type queue interface {
	change(filter, flags, fflags string, data int64) (result string)
	wait(timeout time.Duration) (events []string)
	pid() int // of the process that it is in
}

// ours is a queue of package kqueue.
type ours struct {
	t     *testing.T
	queue *kqueue.Queue
	ident uint64
}

func newOurs(t *testing.T, ident int) queue {
	t.Helper()
	q, err := kqueue.New()
	must(t, err)
	t.Cleanup(func() { must(t, q.Close()) })
	return &ours{t, q, uint64(ident)}
}

func (o *ours) change(filter, flags, fflags string, data int64) string {
	change := kqueue.Event{
		Ident: o.ident, Filter: kqueue.Filter(bits(filter, filters)), Flags: kqueue.Flags(bits(flags, flagNames)),
		Fflags: kqueue.Fflags(bits(fflags, notes[filter])), Data: data,
	}
	_, err := o.queue.Control([]kqueue.Event{change}, nil, 0)
	return result(err)
}

func result(err error) string {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		return errno.Error()
	}
	return "ok"
}

func (o *ours) wait(timeout time.Duration) (reported []string) {
	events := make([]kqueue.Event, 16)
	n, err := o.queue.Control(nil, events, timeout)
	must(o.t, err)
	for _, event := range events[:n] {
		filter := spell(int64(event.Filter), filters)
		reported = append(reported, fmt.Sprintf("%s %s %s %d", filter, spell(int64(event.Flags), flagNames),
			spell(int64(event.Fflags), notes[filter]), event.Data))
	}
	slices.Sort(reported)
	return reported
}

func (o *ours) pid() int { return os.Getpid() }

// name is a constant of C.
type name struct {
	text  string
	value int64
}

var filters = []name{
	{"EVFILT_READ", int64(kqueue.FilterRead)}, {"EVFILT_WRITE", int64(kqueue.FilterWrite)}, {"EVFILT_VNODE", int64(kqueue.FilterVnode)},
	{"EVFILT_SIGNAL", int64(kqueue.FilterSignal)}, {"EVFILT_TIMER", int64(kqueue.FilterTimer)}, {"EVFILT_USER", int64(kqueue.FilterUser)},
}

var flagNames = []name{
	{"EV_ADD", int64(kqueue.EvAdd)}, {"EV_DELETE", int64(kqueue.EvDelete)}, {"EV_ENABLE", int64(kqueue.EvEnable)},
	{"EV_DISABLE", int64(kqueue.EvDisable)}, {"EV_ONESHOT", int64(kqueue.EvOneShot)}, {"EV_CLEAR", int64(kqueue.EvClear)},
	{"EV_DISPATCH", int64(kqueue.EvDispatch)}, {"EV_EOF", int64(kqueue.EvEOF)}, {"EV_ERROR", int64(kqueue.EvError)},
}

var notes = map[string][]name{
	"EVFILT_READ": {{"NOTE_LOWAT", int64(kqueue.NoteLowat)}},
	"EVFILT_VNODE": {
		{"NOTE_DELETE", int64(kqueue.NoteDelete)}, {"NOTE_WRITE", int64(kqueue.NoteWrite)}, {"NOTE_EXTEND", int64(kqueue.NoteExtend)},
		{"NOTE_ATTRIB", int64(kqueue.NoteAttrib)}, {"NOTE_LINK", int64(kqueue.NoteLink)}, {"NOTE_RENAME", int64(kqueue.NoteRename)},
	},
	"EVFILT_TIMER": {
		{"NOTE_USECONDS", int64(kqueue.NoteUSeconds)}, {"NOTE_NSECONDS", int64(kqueue.NoteNSeconds)},
		{"NOTE_SECONDS", int64(kqueue.NoteSeconds)}, {"NOTE_ABSTIME", int64(kqueue.NoteAbsTime)},
	},
	"EVFILT_USER": {
		{"NOTE_FFCOPY", int64(kqueue.NoteFFCopy)}, {"NOTE_FFOR", int64(kqueue.NoteFFOr)}, {"NOTE_FFAND", int64(kqueue.NoteFFAnd)},
		{"NOTE_TRIGGER", int64(kqueue.NoteTrigger)},
	},
}

// bits reads names, and numbers, joined by |.
func bits(text string, names []name) (all int64) {
	for word := range strings.SplitSeq(text, "|") {
		if at := slices.IndexFunc(names, func(n name) bool { return n.text == word }); at >= 0 {
			all |= names[at].value
		} else if number, err := strconv.ParseInt(word, 10, 64); err == nil {
			all |= number
		}
	}
	return all
}

// spell writes the name of a number, or those of its bits and the rest as a number.
func spell(value int64, names []name) string {
	var words []string
	for _, n := range names {
		if value < 0 && value == n.value {
			return n.text
		}
		if value > 0 && n.value > 0 && value&n.value == n.value {
			words = append(words, n.text)
			value &^= n.value
		}
	}
	if value != 0 || words == nil {
		words = append(words, strconv.FormatInt(value, 10))
	}
	return strings.Join(words, "|")
}

// theirs is a queue of libkqueue, in a process of the driver.
type theirs struct {
	t      *testing.T
	driver *exec.Cmd
	in     io.Writer
	out    *bufio.Reader
	ident  int
}

// newTheirs starts the driver. A descriptor has another number there.
func newTheirs(t *testing.T, driver string, ident int, isDescriptor bool) queue {
	t.Helper()
	d := &theirs{t: t, driver: exec.CommandContext(context.WithoutCancel(t.Context()), driver), ident: ident}
	if isDescriptor {
		twin, err := syscall.Dup(ident)
		must(t, err)
		file := os.NewFile(uintptr(twin), "watched")
		defer func() { must(t, file.Close()) }()
		d.driver.ExtraFiles, d.ident = []*os.File{file}, 3
	}
	d.driver.Stderr = os.Stderr
	in, err := d.driver.StdinPipe()
	must(t, err)
	out, err := d.driver.StdoutPipe()
	must(t, err)
	d.in, d.out = in, bufio.NewReader(out)
	must(t, d.driver.Start())
	t.Cleanup(func() {
		must(t, in.Close())
		must(t, d.driver.Wait())
	})
	return d
}

func (d *theirs) ask(format string, args ...any) (answer string) {
	_, err := fmt.Fprintf(d.in, format+"\n", args...)
	must(d.t, err)
	return d.line()
}

func (d *theirs) line() string {
	line, err := d.out.ReadString('\n')
	must(d.t, err)
	return strings.TrimSpace(line)
}

func (d *theirs) change(filter, flags, fflags string, data int64) string {
	answer := d.ask("change %d %s %s %s %d", d.ident, filter, flags, fflags, data)
	if number, failed := strings.CutPrefix(answer, "error "); failed {
		errno, err := strconv.Atoi(number)
		must(d.t, err)
		return syscall.Errno(errno).Error()
	}
	return answer
}

func (d *theirs) wait(timeout time.Duration) (reported []string) {
	n, err := strconv.Atoi(strings.TrimPrefix(d.ask("wait %d", timeout.Milliseconds()), "events "))
	must(d.t, err)
	for range n {
		// libkqueue reports EV_ADD with every event, which would hide the other
		// differences.
		reported = append(reported, withoutAdd.Replace(d.line()))
	}
	slices.Sort(reported)
	return reported
}

var withoutAdd = strings.NewReplacer("EV_ADD|", "", "EV_ADD", "0")

func (d *theirs) pid() int { return d.driver.Process.Pid }
