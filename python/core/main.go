// Command core is the Go half of the Python module select, a shared library (go build
// -buildmode=c-shared). It makes the project's packages callable from C, with one function for each
// method. The C half, in ../extension, checks arguments, raises exceptions and runs Python's signal
// handlers.
//
// Most functions return an errno, or 0. Functions that count events return the count or a negative
// errno. The codes of codes.h stand for errors without an errno. A panic becomes IOMUX_FAILED.
package main

func main() {}
