//go:build unix

package iomux_test

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/test/suite"
)

// A closed number now belongs to another file. Modify does not attach the registration to that
// file.
func TestModifyAfterTheNumberWasReused(t *testing.T) {
	others := map[string]func(*testing.T) int{
		"pipe":         readyPipe,
		"regular file": func(t *testing.T) int { return suite.File(t) },
		"null device":  openNull,
	}
	for name, other := range others {
		for _, renewed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, renewed=%v", name, renewed), func(t *testing.T) {
				inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
					if !p.Supports(iomux.Edge) {
						t.Skip("this mechanism identifies a source by its number")
					}
					modifyReused(t, p, other, renewed)
				})
			})
		}
	}
}

func readyPipe(t *testing.T) int {
	fd, w := suite.Pipe(t)
	suite.Write(t, w)
	return fd
}

func openNull(t *testing.T) int {
	fd, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	must(t, err)
	suite.CloseAtEnd(t, fd)
	return fd
}

// modifyReused modifies a reported one-shot registration whose number now belongs to another file.
// If renewed is set, the Poller has replaced its epoll in between.
func modifyReused(t *testing.T, p *iomux.Poller[int], other func(*testing.T) int, renewed bool) {
	low := readyPipe(t)
	fd := suite.High(t, low, 300) // nothing else gets it
	r := register(t, p, fd, iomux.Readable|iomux.OneShot)
	expect(t, p, r, iomux.Readable)
	if renewed {
		number := suite.High(t, low, 400)
		duplicate := register(t, p, number, iomux.Readable)
		suite.Close(t, number)
		must(t, duplicate.Unregister())
		expectNothing(t, p)
	}
	moveTo(t, other(t), fd, func() { suite.Close(t, fd) })
	if err := r.Modify(iomux.Readable); !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.EBADF) {
		t.Errorf("Modify: %v, want ENOENT or EBADF", err)
	}
	expectNothing(t, p)
	must(t, r.Unregister())
	expectNothing(t, p)
}

// No mechanism watches a regular file. Its number is not mistaken for another file either.
func TestReusedNumberOfARegularFile(t *testing.T) {
	for name, other := range map[string]func(*testing.T) int{
		"pipe":         func(t *testing.T) int { fd, _ := suite.Pipe(t); return fd },
		"regular file": func(t *testing.T) int { return suite.File(t) },
		"null device":  openNull,
	} {
		t.Run(name, func(t *testing.T) {
			inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
				if !p.Supports(iomux.Edge) {
					t.Skip("this mechanism identifies a source by its number")
				}
				fd := suite.High(t, suite.File(t), 300) // nothing else gets it
				r := register(t, p, fd, iomux.Readable)
				moveTo(t, other(t), fd, func() { suite.Close(t, fd) })
				expectNothing(t, p)
				isErr(t, r.Modify(iomux.Readable), syscall.EBADF)
				must(t, register(t, p, fd, iomux.Readable).Unregister())
				must(t, r.Unregister())
				expectNothing(t, p)
			})
		})
	}
}
