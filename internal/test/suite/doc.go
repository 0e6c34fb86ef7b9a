// Package suite holds the tests that every mechanism passes, native or emulated. Each behaviour has
// one function. A package runs them by passing Run a Mechanism, which describes how to use its
// objects and what they can do.
package suite
