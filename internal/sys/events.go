package sys

import "iomux/internal/bitnames"

// PollFD has the layout of struct pollfd on every system.
type PollFD struct {
	FD      int32
	Events  uint16
	Revents uint16
}

// PollEventNames holds the names of the events of poll(2). Their numbers differ per system:
//
//	         Linux   Linux on MIPS  BSDs, macOS, Solaris  FreeBSD, illumos  AIX     Windows
//	In       0x1     0x1            0x1                   0x1               0x1     0x1
//	Pri      0x2     0x2            0x2                   0x2               0x4     0x2
//	Out      0x4     0x4            0x4                   0x4               0x2     0x4
//	Err      0x8     0x8            0x8                   0x8               0x4000  0x8
//	Hup      0x10    0x10           0x10                  0x10              0x2000  0x10
//	Nval     0x20    0x20           0x20                  0x20              0x8000  0x20
//	RdNorm   0x40    0x40           0x40                  0x40              0x10    0x40
//	RdBand   0x80    0x80           0x80                  0x80              0x20    0x80
//	WrNorm   0x100   Out            Out                   Out               Out     0x100
//	WrBand   0x200   0x100          0x100                 0x100             0x40    absent
//	Msg      0x400   0x400          absent                absent            0x80    absent
//	RdHup    0x2000  0x2000         absent                0x4000            absent  0x2000
//	absent   0       0              0x8000                0x8000            0x1000  0x8000
//
// PollAbsent is a bit that no event of the system has. It is the value of each event that the
// system lacks. PollAbsentNames lists these events. Windows and systems without poll(2) have
// Linux's numbers, because the package does not call WSAPoll. The constants are in the other events
// files, and in the sys files of AIX, Windows and other systems.
var PollEventNames = []bitnames.Name{
	{Value: PollAbsent, Text: PollAbsentNames},
	{Value: PollIn, Text: "In"},
	{Value: PollPri, Text: "Pri"},
	{Value: PollOut, Text: "Out"},
	{Value: PollErr, Text: "Err"},
	{Value: PollHup, Text: "Hup"},
	{Value: PollNval, Text: "Nval"},
	{Value: PollRdNorm, Text: "RdNorm"},
	{Value: PollRdBand, Text: "RdBand"},
	{Value: PollWrNorm, Text: "WrNorm"},
	{Value: PollWrBand, Text: "WrBand"},
	{Value: PollMsg, Text: "Msg"},
	{Value: PollRdHup, Text: "RdHup"},
}

// PollLacks returns the names of those events that this system does not report, or "" if it reports
// all.
func PollLacks(events uint16) string { return pollLacks(events, pollIgnoresRdHup) }

func pollLacks(events uint16, ignoresRdHup func() bool) string {
	switch {
	case events&PollAbsent != 0:
		return PollAbsentNames
	case events&PollRdHup != 0 && ignoresRdHup():
		return "RdHup"
	}
	return ""
}
