//go:build unix

package iomux_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"iomux"
)

func ExamplePoller_RegisterTimer() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	timer, err := p.RegisterTimer(time.Millisecond, "timeout")
	if err != nil {
		fmt.Println(err)
	}
	var events [1]iomux.Event[string]
	for range 2 {
		if _, err := p.Wait(context.Background(), events[:]); err != nil {
			fmt.Println(err)
		}
		fmt.Println(events[0].Key, events[0].Kind, events[0].Expirations())
		if err := timer.Reset(2 * time.Millisecond); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// timeout timer 1
	// timeout timer 1
}

func ExamplePoller_RegisterTicker() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	if _, err := p.RegisterTicker(time.Millisecond, "tick"); err != nil {
		fmt.Println(err)
	}
	var events [1]iomux.Event[string]
	for range 2 {
		if _, err := p.Wait(context.Background(), events[:]); err != nil {
			fmt.Println(err)
		}
		fmt.Println(events[0].Key, events[0].Kind, events[0].Expirations() > 0)
	}
	// Output:
	// tick timer true
	// tick timer true
}

func ExamplePoller_RegisterSignal() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	if _, err := p.RegisterSignal(syscall.SIGHUP, "reload"); err != nil {
		fmt.Println(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		fmt.Println(err)
	}
	var events [1]iomux.Event[string]
	if _, err := p.Wait(context.Background(), events[:]); err != nil {
		fmt.Println(err)
	}
	fmt.Println(events[0].Key, events[0].Signal())
	// Output: reload hangup
}

// Three children run at the same time. If the last one takes much longer than the others, the
// program kills it.
func ExamplePoller_RegisterProcess() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	children := make(map[string]*exec.Cmd)
	for _, command := range []string{"exit 0", "exit 3", "sleep"} {
		child := exec.Command(os.Args[0]) // this program plays the command
		child.Env = append(os.Environ(), role+"="+command)
		if err := child.Start(); err != nil {
			fmt.Println(err)
			return
		}
		if _, err := p.RegisterProcess(child.Process, command); err != nil {
			fmt.Println(err)
		}
		children[command] = child
	}
	statuses := make(map[string]int)
	for event, err := range p.Events(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		switch event.Kind {
		case iomux.KindProcess:
			_ = children[event.Key].Wait() // reaps the child
			delete(children, event.Key)
			statuses[event.Key], _ = event.ExitStatus()
			if len(children) == 1 {
				if _, err := p.RegisterTimer(50*time.Millisecond, "deadline"); err != nil {
					fmt.Println(err)
				}
			}
		case iomux.KindTimer:
			for _, late := range children {
				_ = late.Process.Kill() // fails if it has just exited
			}
		}
		if len(children) == 0 {
			break
		}
	}
	fmt.Println(statuses)
	// Output: map[exit 0:0 exit 3:3 sleep:-9]
}

// A program can read its configuration again after each change. How an editor saves the file does
// not matter.
func ExamplePoller_RegisterPath() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	folder, err := os.MkdirTemp("", "iomux")
	if err != nil {
		fmt.Println(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	settings := filepath.Join(folder, "settings")
	if _, err := p.RegisterPath(settings, settings); err != nil { // the file need not exist yet
		fmt.Println(err)
	}
	var events [1]iomux.Event[string]
	for _, text := range []string{"verbose", "quiet"} {
		if err := os.WriteFile(settings+".new", []byte(text), 0o600); err != nil {
			fmt.Println(err)
		}
		if err := os.Rename(settings+".new", settings); err != nil {
			fmt.Println(err)
		}
		if _, err := p.Wait(context.Background(), events[:]); err != nil {
			fmt.Println(err)
		}
		read, err := os.ReadFile(events[0].Key)
		fmt.Println(string(read), err, events[0].Change()&iomux.Created != 0)
	}
	// Output:
	// verbose <nil> true
	// quiet <nil> true
}

// A loop can print what is appended to several files, as tail -F does, until a signal arrives. A
// ticker does other work once a minute.
func ExamplePoller_RegisterPath_tail() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	folder, err := os.MkdirTemp("", "iomux")
	if err != nil {
		fmt.Println(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	logs := make(map[string]*os.File)
	for _, name := range []string{"access.log", "error.log"} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			fmt.Println(err)
		}
		if _, err := p.RegisterPath(path, path); err != nil {
			fmt.Println(err)
		}
		if logs[path], err = os.Open(path); err != nil {
			fmt.Println(err)
		}
	}
	if _, err := p.RegisterTicker(time.Minute, "minute"); err != nil {
		fmt.Println(err)
	}
	if _, err := p.RegisterSignal(syscall.SIGHUP, "end"); err != nil {
		fmt.Println(err)
	}
	appendLine(filepath.Join(folder, "error.log"))
	for event, err := range p.Events(context.Background()) {
		switch {
		case err != nil:
			fmt.Println(err)
			return
		case event.Kind == iomux.KindSignal:
			fmt.Println(event.Signal())
			return
		case event.Kind == iomux.KindTimer:
			continue
		case event.Change()&iomux.Created != 0: // the log was rotated
			_ = logs[event.Key].Close()
			if logs[event.Key], err = os.Open(event.Key); err != nil {
				continue // it was removed again, which the next event reports
			}
		}
		text, _ := io.ReadAll(logs[event.Key])
		fmt.Print(filepath.Base(event.Key), ": ", string(text))
		_ = syscall.Kill(os.Getpid(), syscall.SIGHUP)
	}
	// Output:
	// error.log: a line
	// hangup
}

func appendLine(path string) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprintln(file, "a line")
	_ = file.Close()
}

// connection is a connection that is closed after an idle timeout.
type connection struct {
	net.Conn
	idle *iomux.Registration[*connection]
}

// Each message of a connection restarts its idle timeout.
func ExampleRegistration_Reset() {
	const timeout = 20 * time.Millisecond
	p := open[*connection]()
	defer func() { _ = p.Close() }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = listener.Close() }()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	server, err := listener.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	c := &connection{Conn: server}
	readable, err := p.Register(server, iomux.Readable, c)
	if err != nil {
		fmt.Println(err)
	}
	if c.idle, err = p.RegisterTimer(timeout, c); err != nil {
		fmt.Println(err)
	}
	fmt.Fprint(client, "hello")
	for event, err := range p.Events(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		c := event.Key
		if event.Kind == iomux.KindTimer {
			fmt.Println("idle", readable.Unregister(), c.idle.Unregister(), c.Close())
			break
		}
		message := make([]byte, 64)
		n, _ := c.Read(message)
		fmt.Println(string(message[:n]), c.idle.Reset(timeout))
	}
	// Output:
	// hello <nil>
	// idle <nil> <nil> <nil>
}

func ExampleRegistration_Key() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	r, err := p.RegisterTimer(time.Hour, "timeout")
	fmt.Println(r.Key(), err)
	// Output: timeout <nil>
}

func ExampleChange() {
	fmt.Println(iomux.Modified|iomux.Extended, iomux.Change(0), iomux.Created|0x400)
	// Output: Modified|Extended 0 Created|0x400
}
