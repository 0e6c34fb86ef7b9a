package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"iomux/internal/test/network"
)

// TestNotifications runs the built program against a server that implements as much of
// PostgreSQL's protocol as the program needs.
func TestNotifications(t *testing.T) {
	if out, err := exec.Command("pkg-config", "--exists", "--print-errors", "libpq").CombinedOutput(); err != nil {
		t.Skipf("the headers of libpq (Debian's libpq-dev) are missing: %s%v", out, err)
	}
	if out, err := exec.Command("go", "list", "-deps", "-tags", "libpq", ".").CombinedOutput(); err != nil {
		t.Skipf("the go command does not run: %v\n%s", err, out)
	}
	program := filepath.Join(t.TempDir(), "libpq")
	build := exec.Command("go", "build", "-tags", "libpq", "-o", program, ".")
	build.Env = append(build.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	network.Need(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go pretend(t, listener)

	port := listener.Addr().(*net.TCPAddr).Port
	run := exec.Command(program, fmt.Sprintf("host=127.0.0.1 port=%d user=test dbname=test sslmode=disable gssencmode=disable", port), "news")
	out, err := run.StdoutPipe()
	if err == nil {
		err = run.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(time.Minute, func() { _ = run.Process.Kill() })
	defer kill.Stop()
	lines := bufio.NewScanner(out)
	for i := range 3 {
		if want := fmt.Sprintf("news: number %d", i); !lines.Scan() || lines.Text() != want {
			t.Errorf("printed %q, want %q", lines.Text(), want)
		}
	}
	_ = run.Wait() // it fails when the server hangs up
}

// pretend is the server. It accepts any user, reads one query, and sends three notifications.
func pretend(t *testing.T, listener net.Listener) {
	conn, err := listener.Accept()
	if err != nil {
		return // the test has ended
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Error(err)
	}
	skip(t, conn) // the start-up
	send(t, conn, 'R', "\x00\x00\x00\x00")
	send(t, conn, 'Z', "I")
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Error("query:", err)
	}
	skip(t, conn)
	send(t, conn, 'C', "LISTEN\x00")
	send(t, conn, 'Z', "I")
	for i := range 3 {
		time.Sleep(10 * time.Millisecond)
		send(t, conn, 'A', fmt.Sprintf("\x00\x00\x00\x01news\x00number %d\x00", i))
	}
}

// skip reads a message, which begins with its length.
func skip(t *testing.T, conn net.Conn) {
	var length [4]byte
	_, err := io.ReadFull(conn, length[:])
	if err == nil {
		_, err = io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(length[:]))-4)
	}
	if err != nil {
		t.Error("read:", err)
	}
}

func send(t *testing.T, conn net.Conn, kind byte, text string) {
	message := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(text)+4))
	if _, err := conn.Write(append(message, text...)); err != nil {
		t.Error("write:", err)
	}
}
