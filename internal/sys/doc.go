// Package sys holds the raw calls and kernel structures that the mechanisms share. A call does one thing once: it does not
// retry, and it takes times that package timeout has prepared. Its errors are bare errnos, which do not allocate.
package sys
