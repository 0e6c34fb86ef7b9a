// Package suite is the tests that every mechanism passes, native or emulated: one function a
// behaviour, named after it. A mechanism runs them by handing Run a Mechanism, which tells how to
// use it and what it can do.
package suite
