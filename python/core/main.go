// Command core is the Go half of the Python module select, built as a shared library (go build -buildmode=c-shared). It makes
// the project's packages callable from C, one function a method, and does nothing else: arguments are checked, exceptions are
// raised and Python's own signal handlers are run by the C half, in ../extension.
//
// Every function answers with an errno, those that count with a count or a negative errno. What errno has no number for is
// one of the codes of codes.h. A panic never leaves a function: it is the code of a failure.
package main

func main() {}
