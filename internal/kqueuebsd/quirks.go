package kqueuebsd

import "iomux/internal/kevent"

// keepsOldState reports whether the kernel does not restart a timer that is added again, so that it
// must be deleted first: filt_timer of DragonFly and of NetBSD 9 has no touch.
func (k *Kernel) keepsOldState(change kevent.Event) bool {
	return change.Filter == kevent.FilterTimer && change.Flags&(kevent.Add|kevent.Delete) == kevent.Add &&
		(k.System == "dragonfly" || k.System == "netbsd")
}

// missesNotes reports whether the kernel ignores the notes of the change. NetBSD collects the notes
// of all registrations of a file only when it attaches or detaches one of them (vn_knote_attach),
// not when one changes. Deleting the registration first would drop an event.
func (k *Kernel) missesNotes(change kevent.Event) bool {
	return k.System == "netbsd" && change.Filter == kevent.FilterVnode && change.Flags&kevent.Delete == 0
}

// collectNotes makes the kernel update the notes that it collects for the file.
func (k *Kernel) collectNotes(ident uint64) {
	side := kevent.Event{Ident: ident, Filter: kevent.FilterVnode, Flags: kevent.Add}
	_ = k.changeOne(k.SideFD, side) // fails if the descriptor is closed
	side.Flags = kevent.Delete
	_ = k.changeOne(k.SideFD, side)
}

// dropsTrigger reports whether the change would lose its NOTE_TRIGGER:
//   - FreeBSD and NetBSD only add an event that is added and triggered at once: kqueue_register
//     zeroes kn_fflags before filt_userattach looks for NOTE_TRIGGER there;
//   - with EV_CLEAR, a change of an existing event undoes the trigger (filt_usertouch).
func (k *Kernel) dropsTrigger(change kevent.Event) bool {
	if change.Filter != kevent.FilterUser || change.Fflags&kevent.NoteTrigger == 0 || change.Flags&kevent.Delete != 0 {
		return false
	}
	adds := change.Flags&kevent.Add != 0
	return adds && (k.System == "freebsd" || k.System == "netbsd") || change.Flags&kevent.Clear != 0
}

// longestTimer is the longest period in seconds that is requested from FreeBSD, about 34 years.
const longestTimer = 1 << 30

// fit changes values that the kernel does not handle correctly:
//   - FreeBSD saturates a period of 2^31 seconds or more to its largest time, and then adds the
//     current time. The timer expires at once (timer2sbintime, filt_timerstart).
//   - NetBSD ignores EV_DISPATCH if EV_CLEAR is set as well. A descriptor that its report disables
//     does not need EV_CLEAR.
func (k *Kernel) fit(change *kevent.Event) {
	switch {
	case k.System == "freebsd" && change.Filter == kevent.FilterTimer && change.Fflags&kevent.NoteAbsTime == 0:
		change.Data = min(change.Data, longestTimer*perSecond(change.Fflags))
	case k.System == "netbsd" && change.Flags&kevent.Dispatch != 0 &&
		(change.Filter == kevent.FilterRead || change.Filter == kevent.FilterWrite):
		change.Flags &^= kevent.Clear
	}
}

// perSecond returns the number of the timer's units in a second.
func perSecond(fflags uint32) int64 {
	unit := fflags & (kevent.NoteSeconds | kevent.NoteMSeconds | kevent.NoteUSeconds | kevent.NoteNSeconds)
	if unit == kevent.NoteSeconds {
		return 1
	}
	if unit == kevent.NoteUSeconds {
		return 1e6
	}
	if unit == kevent.NoteNSeconds {
		return 1e9
	}
	return 1e3
}

// forgetsDispatch reports whether the kernel has left a registration enabled that it should have
// disabled. NetBSD ignores EV_DISPATCH of FilterUser if EV_CLEAR is set as well. Other filters
// cannot be disabled afterwards, because that would change the notes that they watch.
func (k *Kernel) forgetsDispatch(event kevent.Event) bool {
	const both = kevent.Clear | kevent.Dispatch
	return k.System == "netbsd" && event.Filter == kevent.FilterUser && event.Flags&(both|kevent.OneShot|kevent.Error) == both
}
