package session

import "strings"

// states is a set of what a source can be.
type states uint32

const (
	readable states = 1 << iota
	writable
	priority
	connected  // a connection that was asked for stands
	connection // somebody has connected to a listener
	datagram   // one has come
	hangup     // nobody is left at the other end
	readHangup // the other end writes no more: a hang-up for who reads
	faulty     // an error condition, which the next call on the descriptor returns
	expired    // a time is over
	caught     // a signal has come
	exited     // a process has
	changed    // a file was written, or an entry of a folder came or went
	extended   // a file grew
	attributes // its permissions, owner or times changed
	linked     // the number of its names changed
	renamed    // it has another name
	deleted    // a name of it was removed
	created    // another file has its name now
	exists     // the name leads to a file
	gone       // nothing listens, the name leads to nothing, or the process has ended
)

// The names are in the order in which they are printed.
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
