// Package descriptor finds the descriptor in a value, and reads and writes descriptors that are ready.
//
// Every mechanism of this module takes plain numbers. Of makes one of a file, a connection, a listener or an object with a
// descriptor of its own. TryRead and TryWrite are for use after a wait: they never block, whatever the mode of the descriptor.
//
//	fd, err := descriptor.Of(conn)
//	if err != nil {
//		return err
//	}
//	n, err := descriptor.TryRead(fd, buffer)
//	if err == syscall.EAGAIN {
//		// wait until it is ready
//	}
//
// Who reads from a net.Conn or an os.File in a goroutine needs none of this.
package descriptor

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"syscall"
)

// Of is the descriptor of v, which is one of:
//
//   - an integer of any type, of which only sign and range are checked: negative ones and those above 2^31-1 are EBADF
//     (Windows has no such upper limit);
//   - a syscall.Conn, such as *os.File, every connection and listener of package net: its descriptor is taken through
//     SyscallConn().Control, which unlike os.File.Fd leaves O_NONBLOCK alone;
//   - an object with a method Fd() uintptr, or FD() int as the objects of this module have.
//
// The number is valid only as long as v is open and reachable: keep v until the number is out of use.
//
// Errors: os.ErrClosed where v was closed; EBADF as above; else an error that says what v is. *tls.Conn is refused: it keeps
// data that it has read but not yet handed out, so its descriptor does not tell whether there is something to read.
func Of(v any) (int, error) {
	switch v := v.(type) {
	case nil:
		return -1, errors.New("descriptor: nil has no descriptor")
	case int:
		return check(v)
	}
	value := reflect.ValueOf(v)
	switch value.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Chan, reflect.Slice:
		if value.IsNil() {
			return -1, fmt.Errorf("descriptor: a nil %T has no descriptor", v)
		}
	}
	switch v.(type) {
	case syscall.Conn, interface{ Fd() uintptr }, interface{ FD() int }:
		return ofObject(v)
	}
	switch {
	case value.CanInt():
		if int64(int(value.Int())) != value.Int() {
			return -1, errRange(value.Int())
		}
		return check(int(value.Int()))
	case value.CanUint():
		if int(value.Uint()) < 0 || uint64(int(value.Uint())) != value.Uint() {
			return -1, errRange(value.Uint())
		}
		return check(int(value.Uint()))
	case value.Type().String() == "*tls.Conn":
		return -1, errors.New("descriptor: a *tls.Conn buffers what it has read, so that its descriptor does not tell " +
			"whether there is something to read: read from it in a goroutine")
	}
	return -1, fmt.Errorf("descriptor: a %T has no descriptor: want an integer, a file, a connection or an object with Fd() or FD()", v)
}

// ofObject asks v itself. Values that were never opened may panic then, such as a zero os.File, or a struct that embeds a nil.
func ofObject(v any) (fd int, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			fd, err = -1, fmt.Errorf("descriptor: a %T that has no descriptor yet: %v", v, reason)
		}
	}()
	switch v := v.(type) {
	case syscall.Conn:
		return ofConn(v)
	case interface{ Fd() uintptr }:
		return open(v, int(v.Fd()))
	}
	return open(v, v.(interface{ FD() int }).FD())
}

func ofConn(conn syscall.Conn) (int, error) {
	fd := -1
	raw, err := conn.SyscallConn()
	if err == nil {
		err = raw.Control(func(number uintptr) { fd = int(number) })
	}
	switch {
	case err == nil:
		return check(fd)
	// Package os and net say so in words only.
	case strings.Contains(err.Error(), "use of closed"):
		return -1, fmt.Errorf("descriptor: %T: %w", conn, os.ErrClosed)
	}
	return -1, fmt.Errorf("descriptor: %T: %w", conn, err)
}

// open takes the answer of an object, which is negative after its Close.
func open(v any, fd int) (int, error) {
	if fd < 0 {
		return -1, fmt.Errorf("descriptor: %T: %w", v, os.ErrClosed)
	}
	return check(fd)
}

func check(fd int) (int, error) {
	if fd < 0 || fd > highest {
		return -1, errRange(fd)
	}
	return fd, nil
}

func errRange(number any) error {
	return fmt.Errorf("descriptor: no descriptor has the number %d: %w", number, syscall.EBADF)
}
