//go:build linux

// Package bench measures iomux beside its rivals. It has benchmarks only.
package bench

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cloudwego/netpoll"
)

// The servers that echo are processes of their own, so that what they use can be measured: this test binary, started again,
// or a program that is built.
const serverVariable = "IOMUX_BENCH_SERVER"

func TestMain(m *testing.M) {
	switch os.Getenv(serverVariable) {
	case "":
		folder, err := os.MkdirTemp("", "iomux-bench")
		if err != nil {
			panic(err)
		}
		programs = folder
		status := m.Run()
		_ = os.RemoveAll(folder)
		os.Exit(status)
	case "net":
		serveNet()
	case "netpoll":
		serveNetpoll()
	}
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("listening on", listener.Addr())
	return listener
}

// serveNet has a goroutine for each connection.
func serveNet() {
	listener := listen()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			buffer := make([]byte, 4096)
			for {
				n, err := conn.Read(buffer)
				if err != nil {
					_ = conn.Close()
					return
				}
				_, _ = conn.Write(buffer[:n])
			}
		}()
	}
}

func serveNetpoll() {
	loop, err := netpoll.NewEventLoop(func(_ context.Context, conn netpoll.Connection) error {
		reader := conn.Reader()
		data, err := reader.Next(reader.Len())
		if err != nil {
			return err
		}
		if _, err := conn.Writer().WriteBinary(data); err != nil {
			return err
		}
		if err := conn.Writer().Flush(); err != nil {
			return err
		}
		return reader.Release()
	})
	if err != nil {
		panic(err)
	}
	_ = loop.Serve(listen())
}

// programs is the folder in which programs are built.
var programs string

// program is the path of a program, built at its first use.
func program(b *testing.B, name string) string {
	b.Helper()
	path := filepath.Join(programs, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	build := exec.Command("go", "build", "-o", path, "iomux/examples/echo")
	if name == "c" {
		if _, err := exec.LookPath("cc"); err != nil {
			b.Skip("no C compiler")
		}
		build = exec.Command("cc", "-O2", "-pthread", "-o", path, "c/waits.c")
	}
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return path
}
