package session

import "strings"

// states is a set of states of a source.
type states uint32

const (
	readable states = 1 << iota
	writable
	priority
	connected  // a connection succeeded
	connection // a client has connected to a listener
	datagram   // a datagram has come
	hangup     // the other end is closed
	readHangup // the other end writes no more, which is reported as a hang-up
	faulty     // an error, which the next call on the descriptor returns
	expired    // a timer has expired
	caught     // a signal has come
	exited     // a process has ended
	changed    // a file was written, or an entry of a folder came or went
	extended   // a file grew
	attributes // permissions, owner or times have changed
	linked     // the number of hard links has changed
	renamed    // a file has another name
	deleted    // a name of a file was removed
	created    // the name leads to another file than before
	exists     // the name leads to a file
	gone       // no listener, no file of that name, or no process
)

// stateNames has the order in which states are printed.
var stateNames = []struct {
	bits states
	name string
}{
	{readable, "readable"},
	{writable, "writable"},
	{priority, "priority"},
	{connected, "connected"},
	{connection, "connection"},
	{datagram, "datagram"},
	{hangup | readHangup, "hangup"},
	{faulty, "error"},
	{expired, "expired"},
	{caught, "caught"},
	{exited, "exited"},
	{changed, "changed"},
	{extended, "extended"},
	{attributes, "attributes"},
	{linked, "linked"},
	{renamed, "renamed"},
	{deleted, "deleted"},
	{created, "created"},
	{exists, "exists"},
	{gone, "gone"},
}

// names returns the states of the set as they are printed.
func (s states) names() []string {
	names := []string{}
	for _, state := range stateNames {
		if s&state.bits != 0 {
			names = append(names, state.name)
		}
	}
	return names
}

func (s states) String() string { return strings.Join(s.names(), ",") }
