// Command core is the Go half of the Python module select, a shared library (go build
// -buildmode=c-shared). It makes the project's packages callable from C, with one function for each
// method. The C half, in ../extension, checks arguments, raises exceptions and runs Python's signal
// handlers.
//
// Each function returns an errno, or a count or negative errno if it counts. The codes of codes.h
// stand for errors without an errno. A panic becomes the code of a failure.
package main

func main() {}
