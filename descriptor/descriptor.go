// Package descriptor finds the descriptor of a value, and reads and writes descriptors without
// blocking. It is for programs that wait with the other packages of this module, which take plain
// numbers. [Of] returns the number of a file, a connection, a listener or an object with a
// descriptor of its own. [TryRead] and [TryWrite] are for use after a wait. They do not block, even
// if the descriptor is in blocking mode.
//
// To read from a single net.Conn or os.File, use a goroutine instead.
//
//	fd, err := descriptor.Of(conn)
//	if err != nil {
//		return err
//	}
//	n, err := descriptor.TryRead(fd, buffer)
//	if err == syscall.EAGAIN {
//		// wait until it is ready
//	}
package descriptor

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"syscall"
)

// Of returns the descriptor of v, which is one of:
//
//   - an integer of any type. Of checks its sign and range only. The error is EBADF for negative
//     numbers, and except on Windows for numbers above 2^31-1.
//   - a syscall.Conn, such as *os.File and every connection and listener of package net. Of uses
//     SyscallConn().Control, which unlike os.File.Fd does not clear O_NONBLOCK.
//   - an object with a method Fd() uintptr, or with a method FD() int, as the objects of this
//     module have.
//
// The number is valid only as long as v is open and reachable. Keep v until the number is no longer
// used.
//
// The error is os.ErrClosed if v is closed. For a value without a descriptor, the error names its
// type. Of does not accept a *tls.Conn, because its buffer may hold data while its descriptor is
// not readable.
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
		return -1, errors.New("descriptor: a *tls.Conn buffers data, so its descriptor may not be readable " +
			"while there is data: read from it in a goroutine")
	}
	return -1, fmt.Errorf("descriptor: a %T has no descriptor: "+
		"want an integer, a file, a connection or a method Fd", v)
}

// ofObject calls the method of v that returns its descriptor. The method panics for some values
// that were never opened, such as a zero os.File or a struct that embeds nil.
func ofObject(v any) (fd int, err error) {
	defer func() {
		switch reason := recover().(type) {
		case nil:
		case runtime.Error:
			fd, err = -1, fmt.Errorf("descriptor: a %T that was never opened has no descriptor: %w", v, os.ErrInvalid)
		default:
			fd, err = -1, fmt.Errorf("descriptor: a %T has no descriptor: its method panicked: %v", v, reason)
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
	case isClosed(conn, err):
		return -1, errClosed(conn)
	}
	return -1, fmt.Errorf("descriptor: %T: %w", conn, err)
}

// isClosed reports whether err, which SyscallConn or Control of conn returned, means that conn is
// closed.
//
// This package does not import net for net.ErrClosed: with cgo, net makes every program depend on
// the C library. TestOfFilesAndConnections fails if the type of that error changes.
func isClosed(conn syscall.Conn, err error) bool {
	if errors.Is(err, os.ErrClosed) {
		return true
	}
	// Control of an os.File returns an error of internal/poll, but Truncate converts it. A
	// negative size changes no file.
	if file, ok := conn.(interface{ Truncate(size int64) error }); ok {
		return errors.Is(file.Truncate(-1), os.ErrClosed)
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if kind := reflect.TypeOf(err); kind.PkgPath() == "internal/poll" && kind.Name() == "errNetClosing" {
			return true
		}
	}
	return false
}

// open checks the number that a method of v returned, which is negative after Close.
func open(v any, fd int) (int, error) {
	if fd < 0 {
		return -1, errClosed(v)
	}
	return check(fd)
}

func errClosed(v any) error { return fmt.Errorf("descriptor: %T: %w", v, os.ErrClosed) }

func check(fd int) (int, error) {
	if fd < 0 || fd > highest {
		return -1, errRange(fd)
	}
	return fd, nil
}

func errRange(number any) error {
	return fmt.Errorf("descriptor: no descriptor has the number %d: %w", number, syscall.EBADF)
}
