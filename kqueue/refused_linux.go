package kqueue

// refusedFilter reports whether f is one that the emulation does not have.
func refusedFilter(f Filter) bool {
	switch f {
	case FilterAIO, FilterFS, FilterEmpty, FilterProcDesc:
		return true
	}
	return isAbsent(f)
}

// refusedNotes are the notes of the filter that the emulation does not have.
func refusedNotes(f Filter) Fflags {
	switch f {
	case FilterUser:
		return 0
	case FilterVnode:
		return absentNote | NoteRevoke
	case FilterProc:
		return absentNote | NoteFork | NoteExec | NoteTrack
	}
	return absentNote
}
