package selectfd

import (
	"errors"
	"math"
	"math/bits"
	"slices"
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
	"iomux/internal/freelist"
	"iomux/internal/timeout"
)

// Native reports whether the kernel of this system has select(2).
const Native = false

// asked and meant hold the events that each set requests, and those that make a member ready. A
// refused connection is readable and writable, as on Unix, and exceptional, as in Winsock.
var (
	asked = [3]afd.Events{afd.In, afd.Out, afd.Pri}
	meant = [...]afd.Events{
		afd.In: afd.In | afd.Err | afd.Hup, afd.Out: afd.Out | afd.Err | afd.Hup, afd.Pri: afd.Pri | afd.Err,
	}
)

// lists holds unused lists of members.
var lists freelist.List[*[]afd.Socket]

func wait(sets [3]*Set, d time.Duration) (int, error) {
	if areSame(sets[0], sets[1], sets[2]) {
		return 0, errTwice()
	}
	kept := lists.GetOr(func() *[]afd.Socket { return new([]afd.Socket) })
	defer lists.Put(kept)
	list := (*kept)[:0]
	for i, set := range sets {
		if set == nil {
			continue
		}
		for fd := range set.aside {
			if fd < 0 || fd >= math.MaxInt32 { // handles are smaller
				return 0, errNotOpen(sets)
			}
			list = append(list, afd.Socket{Handle: windows.Handle(fd), Events: asked[i]})
		}
		for word, bit := range set.words {
			for ; bit != 0; bit &= bit - 1 {
				fd := word*wordBits + bits.TrailingZeros64(uint64(bit))
				list = append(list, afd.Socket{Handle: windows.Handle(fd), Events: asked[i]})
			}
		}
	}
	*kept = list
	for countdown := timeout.Start(d); ; {
		if _, err := afd.Wait(list, countdown.Left()); err != nil {
			return 0, err
		}
		if err := refusal(list); err != nil {
			return 0, err
		}
		// A hang-up is not exceptional, and the driver would report it again at once.
		list = slices.DeleteFunc(list, func(s afd.Socket) bool { return s.Ready != 0 && s.Ready&meant[s.Events] == 0 })
		ready := slices.ContainsFunc(list, func(s afd.Socket) bool { return s.Ready != 0 })
		if ready || !countdown.Again(0, 0) {
			return keep(sets, list), nil
		}
	}
}

// keep leaves only ready members in the sets, and returns their number.
func keep(sets [3]*Set, list []afd.Socket) (n int) {
	for i, set := range sets {
		if set == nil {
			continue
		}
		set.Clear()
		for _, s := range list {
			if s.Events == asked[i] && s.Ready != 0 {
				set.Add(int(s.Handle))
				n++
			}
		}
	}
	return n
}

// refusal returns an error if an element of list is not an open socket.
func refusal(list []afd.Socket) error {
	var closed, others []int
	for _, s := range list {
		switch {
		case s.Err == nil:
		case errors.Is(s.Err, afd.ErrNotSocket):
			others = append(others, int(s.Handle))
		default:
			closed = append(closed, int(s.Handle))
		}
	}
	switch {
	case closed != nil:
		return notOpen(closed[:min(len(closed), most)])
	case others != nil:
		return &afd.NotSocketsError{Call: "select", Handles: others}
	}
	return nil
}
