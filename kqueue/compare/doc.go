// Package compare compares the emulation of kqueue on Linux with libkqueue, which is written in C.
// Its tests run the same cases in both, using a driver in C for libkqueue, and list the
// differences:
//
//	go test -v -run=TestLibkqueue ./kqueue/compare
//
// The test is skipped if pkg-config does not find libkqueue, for which Debian 12 has no package.
// Set PKG_CONFIG_PATH to use one that was built elsewhere.
package compare
