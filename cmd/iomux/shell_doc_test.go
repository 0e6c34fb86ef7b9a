//go:build unix

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/test/network"
)

// scene causes the event that a line of docs/shell.md waits for.
type scene struct {
	line  string // the beginning of the line
	poke  func(*testing.T, stage)
	want  string // the output
	stays bool   // the line runs until a signal
}

// stage holds the things that a line can wait for.
type stage struct {
	folder   string // the working folder
	listener net.Listener
	process  *os.Process
}

func (s stage) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

func touch(t *testing.T, folder, name string) {
	if err := os.WriteFile(filepath.Join(folder, name), []byte(time.Now().String()), 0o600); err != nil {
		t.Error(err)
	}
}

func changeConfig(t *testing.T, s stage) { touch(t, s.folder, "config.yml") }

var scenes = []scene{
	{line: "iomux wait -t 30 --retry 1 tcp:", want: "started\n"},
	{line: "iomux wait --all -t 30", want: "started\n"},
	{line: "iomux wait -q --retry 1 tcp:"},
	{line: "iomux wait tcp-listen:", want: "started\n", poke: func(_ *testing.T, s stage) {
		if connection, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(s.port())); err == nil {
			_ = connection.Close()
		}
	}},
	{line: "exec 3<>events.fifo", want: "event\n", poke: func(_ *testing.T, s stage) {
		fifo, err := os.OpenFile(filepath.Join(s.folder, "events.fifo"), os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return // not yet open for reading
		}
		_, _ = fifo.WriteString("event\n")
		_ = fifo.Close()
	}},
	{line: "iomux wait -q exists:", poke: func(t *testing.T, s stage) { touch(t, s.folder, "ready") }},
	{line: "iomux wait -q --gone exists:", poke: func(t *testing.T, s stage) {
		if err := os.Remove(filepath.Join(s.folder, "lock")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}},
	{line: "iomux wait --gone tcp:", want: "started\n", poke: func(_ *testing.T, s stage) { _ = s.listener.Close() }},
	{line: "iomux wait path:", want: "started\n", poke: changeConfig},
	{line: "iomux wait --follow path:", want: "made\n", poke: changeConfig, stays: true},
	{line: "iomux wait -f path:", want: "made\n", poke: changeConfig, stays: true},
	{line: "iomux wait pid:", want: "started\n", poke: func(_ *testing.T, s stage) { _ = s.process.Kill() }},
	{line: "./a & a=$!"},
	{line: "iomux wait -q -t 5 stdin", want: "typed\n"},
	{line: "iomux wait --follow signal:", want: "made\n", stays: true},
}

// tools are the programs that the left column of docs/shell.md needs, and sh does not have.
var tools = []string{"wait-for-it", "dockerize", "nc", "timeout", "inotifywait", "entr", "tail"}

// TestShellPageLinesRun runs both columns of docs/shell.md: the left one with bash, and the right
// one with each POSIX shell that is installed.
func TestShellPageLinesRun(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/shell.md")
	if err != nil {
		t.Skip("the page is not here: the test binary runs alone")
	}
	if _, err := exec.LookPath("mkfifo"); err != nil {
		t.Skip("mkfifo is not installed")
	}
	rows := regexp.MustCompile("(?m)^\\| `(.*)` \\| `(.*)` \\|$").FindAllStringSubmatch(string(page), -1)
	if len(rows) != len(scenes) {
		t.Fatalf("%d lines in docs/shell.md, %d scenes", len(rows), len(scenes))
	}
	for i, row := range rows {
		old, line := strings.ReplaceAll(row[1], `\|`, "|"), row[2]
		if !strings.HasPrefix(line, scenes[i].line) {
			t.Fatalf("line %d is not the one of its scene, %q", i+1, scenes[i].line)
		}
		t.Run(old, func(t *testing.T) {
			t.Parallel()
			for _, name := range append(tools, "bash") {
				if _, err := exec.LookPath(name); err != nil && (name == "bash" || strings.Contains(old, name)) {
					t.Skipf("%s is not installed", name)
				}
			}
			scenes[i].run(t, []string{"bash"}, old)
		})
		for _, shell := range []string{"sh", "bash", "zsh", "busybox sh"} {
			words := strings.Fields(shell)
			if _, err := exec.LookPath(words[0]); err != nil {
				continue // sh runs the line
			}
			t.Run(shell+"/"+line, func(t *testing.T) {
				t.Parallel()
				scenes[i].run(t, words, line)
			})
		}
	}
}

func (s scene) run(t *testing.T, shell []string, line string) {
	if regexp.MustCompile("tcp|udp|localhost|127.0.0.1").MatchString(line) {
		network.Need(t)
	}
	folder := t.TempDir()
	for name, text := range map[string]string{
		"start": "echo started", "make": "echo made", "wait-for-it.sh": `exec wait-for-it "$@"`, "a": "sleep 0.2", "b": "exec sleep 60 >/dev/null 2>&1", "config.yml": "", "lock": "",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(filepath.Join(folder, "events.fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if strings.Contains(line, "tcp-listen:") || strings.Contains(line, "nc -l") {
		_ = listener.Close() // the line listens
	}
	process := exec.Command("sleep", "60")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = process.Wait(); close(ended) }()
	defer func() { _ = process.Process.Kill(); <-ended }()

	set := stage{folder, listener, process.Process}
	port := strconv.Itoa(set.port())
	line = strings.NewReplacer("localhost", localhost(t), "8080", port, "5432", port, "1234", strconv.Itoa(process.Process.Pid)).Replace(line)
	s.runLine(t, set, shell, line)
}

// transcript collects what a line prints.
type transcript struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (o *transcript) Write(p []byte) (int, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.text.Write(p)
}

func (o *transcript) String() string {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.text.String()
}

// runLine runs the line with the shell, and causes the event until the line has printed what is
// expected.
func (s scene) runLine(t *testing.T, set stage, shell []string, line string) {
	var printed transcript
	// HUP must not end the shell, or iomux before it catches it.
	cmd := exec.Command(shell[0], append(shell[1:], "-c", "trap '' HUP; "+line)...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = set.folder, strings.NewReader("typed\n"), &printed, &printed
	cmd.Env = append(os.Environ(), "PATH="+set.folder+":"+os.Getenv("PATH"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); {
		select {
		case err := <-ended:
			if err != nil || s.stays || !strings.Contains(printed.String(), s.want) {
				t.Errorf("%s: %v, printed %q, want %q", line, err, printed.String(), s.want)
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
		if s.stays && strings.Contains(printed.String(), s.want) {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			if err := <-ended; err == nil {
				t.Errorf("%s: it ended by itself", line)
			}
			return
		}
		s.cause(t, set, cmd.Process.Pid)
	}
	t.Errorf("%s: no end after a minute, printed %q", line, printed.String())
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if err := <-ended; err == nil {
		t.Errorf("%s: it ended by itself", line)
	}
}

// cause causes the event that the line waits for.
func (s scene) cause(t *testing.T, set stage, group int) {
	switch {
	case s.poke != nil:
		s.poke(t, set)
	case s.stays:
		_ = syscall.Kill(-group, syscall.SIGHUP)
	}
}
