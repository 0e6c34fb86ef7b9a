// Package compare holds the emulation of kqueue on Linux against another one: libkqueue, which is C. Its tests run the same
// cases through package kqueue and, by a driver in C, through libkqueue, and list where the two differ:
//
//	go test -v -run=TestLibkqueue ./kqueue/compare
//
// pkg-config has to know libkqueue; where it does not, as on Debian 12, which has no such package, that test is skipped. A
// libkqueue that was built elsewhere is found by PKG_CONFIG_PATH.
package compare
