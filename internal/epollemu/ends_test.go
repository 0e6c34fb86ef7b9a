//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu_test

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/epollemu"
	"iomux/internal/test/suite"
)

var modes = map[string]uint32{"level": 0, "edge": epollemu.ET, "one-shot": epollemu.OneShot}

// Kernels have no filter for writing to such a pipe, and FreeBSD removes the one that there was.
func TestWriterOfAPipeWithoutReader(t *testing.T) {
	for name, mode := range modes {
		for _, first := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				e := newEpoll(t)
				r, w := suite.Pipe(t)
				if first {
					suite.Close(t, r)
				}
				must(t, e.Add(w, epollemu.Out|mode, 1))
				if !first {
					suite.Close(t, r)
				}
				const want = epollemu.Out | epollemu.Err
				for range 3 {
					expect(t, e, w, want, 1)
					if mode != 0 {
						break
					}
				}
				if mode != 0 {
					expectNothing(t, e)
				}
				isError(t, e.Add(w, epollemu.Out, 2), unix.EEXIST)
				must(t, e.Modify(w, epollemu.Out|mode, 3))
				expect(t, e, w, want, 3)
				must(t, e.Remove(w))
				expectNothing(t, e)
				isError(t, e.Remove(w), unix.ENOENT)
			})
		}
	}
}

func TestNumberOfAPipeWithoutReaderIsReused(t *testing.T) {
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			e := newEpoll(t)
			r, w := suite.Pipe(t)
			number := suite.Duplicate(t, w, 500)
			must(t, e.Add(number, epollemu.Out|mode, 1))
			suite.Close(t, r)
			expect(t, e, number, epollemu.Out|epollemu.Err, 1)
			suite.Close(t, number)
			other, peer := suite.Pipe(t)
			must(t, unix.Dup2(other, number))
			must(t, e.Add(number, epollemu.In, 2))
			suite.Write(t, peer)
			expect(t, e, number, epollemu.In, 2)
			must(t, unix.Close(number))
		})
	}
}

func TestEndsOfAPipeDiffer(t *testing.T) {
	if runtime.GOOS == "freebsd" || runtime.GOOS == "dragonfly" {
		t.Skip("both ends of a pipe read and write")
	}
	for _, events := range []uint32{0, epollemu.RdHup, epollemu.In, epollemu.Out} {
		e := newEpoll(t)
		r, w := suite.Pipe(t)
		must(t, e.Add(w, events, 1))
		suite.Close(t, r)
		expect(t, e, w, events&epollemu.Out|epollemu.Err, 1)
		r, w = suite.Pipe(t)
		e = newEpoll(t)
		must(t, e.Add(r, events, 2))
		suite.Close(t, w)
		expect(t, e, r, epollemu.Hup, 2)
	}
}

func TestReadingEndOfAPipeIsNotWritable(t *testing.T) {
	if runtime.GOOS == "freebsd" || runtime.GOOS == "dragonfly" {
		t.Skip("both ends of a pipe read and write")
	}
	for _, mode := range modes {
		e := newEpoll(t)
		r, w := suite.Pipe(t)
		must(t, e.Add(r, epollemu.Out|mode, 1))
		suite.Write(t, w)
		expectNothing(t, e)
		must(t, e.Modify(r, epollemu.In|epollemu.Out|mode, 2))
		expect(t, e, r, epollemu.In, 2)
	}
}

// The poll(2) of DragonFly reports a socket as hung up if its own side is shut down.
func TestSocketIsHungUpAfterBothDirectionsEnd(t *testing.T) {
	const all = epollemu.In | epollemu.Out | epollemu.RdHup
	for _, events := range []uint32{0, epollemu.In, epollemu.Out, epollemu.RdHup, epollemu.Out | epollemu.RdHup, all} {
		for _, mode := range []uint32{0, epollemu.ET} {
			e := newEpoll(t)
			a, b := suite.SocketPair(t, unix.SOCK_STREAM)
			suite.ShutDown(t, a)
			must(t, e.Add(a, events|mode, 1))
			if events&epollemu.Out != 0 {
				expect(t, e, a, epollemu.Out, 1)
			} else {
				expectNothing(t, e)
			}
			suite.ShutDown(t, b)
			expect(t, e, a, events|epollemu.Hup, 1)
		}
	}
}

func TestSocketWithoutPeerIsHungUpWhateverIsRequested(t *testing.T) {
	const all = epollemu.In | epollemu.Out | epollemu.RdHup
	for _, events := range []uint32{0, epollemu.In, epollemu.Out, epollemu.RdHup, epollemu.In | epollemu.RdHup, all} {
		for _, mode := range modes {
			e := newEpoll(t)
			a, b := suite.SocketPair(t, unix.SOCK_STREAM)
			suite.Close(t, b)
			must(t, e.Add(a, events|mode, 1))
			for range 3 {
				expect(t, e, a, events|epollemu.Hup, 1)
				if mode != 0 {
					break
				}
			}
			if mode != 0 {
				expectNothing(t, e)
			}
		}
	}
}
