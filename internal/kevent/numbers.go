package kevent

// AbsentNote is the number of every note that a system lacks. No filter except FilterUser uses the
// bit, and every system has all notes of FilterUser.
const AbsentNote = 0x00800000

// Absent is greater than the numbers of all filters that a system lacks, and less than those of
// every kernel.
const Absent = -0x4000

// Numbers that differ between systems. Each column is a system: the constant with its name is 1
// there, and 0 on all others. The emulation and systems without kqueue have FreeBSD's numbers. The
// tests of this package compare them with golang.org/x/sys/unix.
const (
	FilterRead     = int16(-1*darwin + -1*dragonfly + -1*freebsd + 0*netbsd + -1*openbsd + -1*emulated)
	FilterWrite    = int16(-2*darwin + -2*dragonfly + -2*freebsd + 1*netbsd + -2*openbsd + -2*emulated)
	FilterAIO      = int16(-3*darwin + -3*dragonfly + -3*freebsd + 2*netbsd + -3*openbsd + -3*emulated)
	FilterVnode    = int16(-4*darwin + -4*dragonfly + -4*freebsd + 3*netbsd + -4*openbsd + -4*emulated)
	FilterProc     = int16(-5*darwin + -5*dragonfly + -5*freebsd + 4*netbsd + -5*openbsd + -5*emulated)
	FilterSignal   = int16(-6*darwin + -6*dragonfly + -6*freebsd + 5*netbsd + -6*openbsd + -6*emulated)
	FilterTimer    = int16(-7*darwin + -7*dragonfly + -7*freebsd + 6*netbsd + -7*openbsd + -7*emulated)
	FilterUser     = int16(-10*darwin + -9*dragonfly + -11*freebsd + 8*netbsd + -10*openbsd + -11*emulated)
	FilterNetdev   = int16(Absent - 1)
	FilterExcept   = int16(-15*darwin + -8*dragonfly + (Absent-2)*(freebsd+netbsd) + -9*openbsd + (Absent-2)*emulated)
	FilterFS       = int16(-9*darwin + -10*dragonfly + -9*freebsd + 7*netbsd + (Absent-3)*openbsd + -9*emulated)
	FilterEmpty    = int16((Absent-4)*(darwin+dragonfly) + -13*freebsd + 9*netbsd + (Absent-4)*openbsd + -13*emulated)
	FilterProcDesc = int16((Absent-5)*(darwin+dragonfly) + -8*freebsd + (Absent-5)*(netbsd+openbsd) + -8*emulated)

	NoteOOB        = uint32(0x2*darwin + 0x2*dragonfly + AbsentNote*(freebsd+netbsd) + 0x4*openbsd + 0x2*emulated)
	NoteOpen       = uint32(0x80*(freebsd+netbsd+emulated) + AbsentNote*(darwin+dragonfly+openbsd))
	NoteClose      = uint32(0x100*(freebsd+netbsd+emulated) + AbsentNote*(darwin+dragonfly+openbsd))
	NoteCloseWrite = uint32(0x200*(freebsd+netbsd+emulated) + AbsentNote*(darwin+dragonfly+openbsd))
	NoteRead       = uint32(0x400*(freebsd+netbsd+emulated) + AbsentNote*(darwin+dragonfly+openbsd))
	NoteExitStatus = uint32(0x04000000 * darwin) // elsewhere NoteExit implies it
	NotePCtrlMask  = uint32(0xf0000000 + 0x0ff00000*darwin)
	NoteSeconds    = uint32(0x1*darwin + AbsentNote*dragonfly + 0x1*freebsd + 0x1*netbsd + 0x1*openbsd + 0x1*emulated)
	NoteMSeconds   = uint32(0x2 * (freebsd + emulated)) // elsewhere a timer without a unit
	NoteUSeconds   = uint32(0x2*darwin + AbsentNote*dragonfly + 0x4*freebsd + 0x2*netbsd + 0x2*openbsd + 0x4*emulated)
	NoteNSeconds   = uint32(0x4*darwin + AbsentNote*dragonfly + 0x8*freebsd + 0x3*netbsd + 0x3*openbsd + 0x8*emulated)
	NoteMount      = uint32(0x8*darwin + 0x8*dragonfly + 0x8*freebsd + 0x1*netbsd + 0x8*openbsd + 0x8*emulated)
	NoteUnmount    = uint32(0x10*darwin + 0x10*dragonfly + 0x10*freebsd + 0x2*netbsd + 0x10*openbsd + 0x10*emulated)
	NoteAbsTime    = uint32(0x8*darwin + AbsentNote*dragonfly + 0x10*freebsd + 0x10*netbsd + 0x10*openbsd + 0x10*emulated)
)
