//go:build linux

package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// server starts one of the servers, with one processor, and tells its address.
func server(b *testing.B, name string) (*exec.Cmd, string) {
	b.Helper()
	var cmd *exec.Cmd
	switch name {
	case "c":
		cmd = exec.Command(program(b, "c"), "echo")
	case "iomux":
		cmd = exec.Command(program(b, "iomux"), "127.0.0.1:0")
	default:
		cmd = exec.Command(os.Args[0])
	}
	cmd.Env = append(os.Environ(), serverVariable+"="+name, "GOMAXPROCS=1")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal("the server tells no address:", err)
	}
	return cmd, strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
}

// BenchmarkEcho tells the server's processor time for a message of 64 bytes, of which as many are under way as there are
// connections, up to 50, and its resident bytes for an idle connection.
func BenchmarkEcho(b *testing.B) {
	for _, connections := range []int{50, 1000, 9000} {
		for _, name := range []string{"c", "iomux", "net", "netpoll"} {
			b.Run(fmt.Sprintf("connections=%d/by=%s", connections, name), func(b *testing.B) {
				echo(b, name, connections)
			})
		}
	}
}

func echo(b *testing.B, name string, connections int) {
	cmd, address := server(b, name)
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	before := resident(b, cmd.Process.Pid)
	conns := make([]net.Conn, connections)
	for i := range conns {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		conns[i] = conn
	}
	defer func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	time.Sleep(200 * time.Millisecond) // the last ones are accepted
	after := resident(b, cmd.Process.Pid)
	message := make([]byte, 64)
	const window = 50
	b.ResetTimer()
	start := processorTime(b, cmd.Process.Pid)
	messages := 0
	for at := 0; b.Loop(); at += window {
		for i := range window {
			if _, err := conns[(at+i)%connections].Write(message); err != nil {
				b.Fatal(err)
			}
		}
		for i := range window {
			if _, err := io.ReadFull(conns[(at+i)%connections], message); err != nil {
				b.Fatal(err)
			}
		}
		messages += window
	}
	used := processorTime(b, cmd.Process.Pid) - start
	b.ReportMetric(float64(used.Nanoseconds())/float64(messages), "server-cpu-ns/message")
	b.ReportMetric(float64(after-before)/float64(connections), "B/connection")
	b.ReportMetric(0, "ns/op")
}

// processorTime is what a process has used, from the nanoseconds that the scheduler counts of its threads.
func processorTime(b *testing.B, pid int) (total time.Duration) {
	b.Helper()
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		b.Fatal(err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, thread.Name()))
		if err != nil {
			b.Skip("this kernel counts no time of threads:", err)
		}
		used, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		total += time.Duration(used)
	}
	return total
}

// resident is the memory of a process.
func resident(b *testing.B, pid int) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}
