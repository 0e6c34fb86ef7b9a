package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"iomux"
)

// room is a chat room. One goroutine serves it, so there is nothing to lock.
type room struct {
	poller   *iomux.Poller[*guest]
	listener net.Listener
	guests   map[*guest]struct{}
}

// guest is a connected client. The key of the listener is nil.
type guest struct {
	conn         net.Conn
	registration *iomux.Registration[*guest]
	line         []byte // the received part of the next line
}

// patience is the longest time that the room waits for a guest who does not read.
const patience = 100 * time.Millisecond

// serve runs the room until the context is done.
func serve(ctx context.Context, listener net.Listener) error {
	poller, err := iomux.New[*guest]()
	if err != nil {
		return err
	}
	r := &room{poller: poller, listener: listener, guests: make(map[*guest]struct{})}
	defer func() {
		for g := range r.guests {
			_ = g.conn.Close() // the end of the room
		}
		_ = poller.Close()
	}()
	if _, err := poller.Register(listener, iomux.Readable, nil); err != nil {
		return err
	}
	for event, err := range poller.Events(ctx) {
		switch {
		case err != nil:
			return err
		case event.Key == nil:
			r.welcome()
		default:
			r.listen(event.Key)
		}
	}
	return nil
}

func (r *room) welcome() {
	// The client may be gone already. The deadline prevents Accept from waiting for another
	// one.
	if l, ok := r.listener.(*net.TCPListener); ok {
		_ = l.SetDeadline(time.Now().Add(patience))
	}
	conn, err := r.listener.Accept()
	if err != nil {
		// The listener stays ready while no descriptor is free, and the loop must not spin.
		fmt.Fprintln(os.Stderr, "chat:", err)
		time.Sleep(patience)
		return
	}
	g := &guest{conn: conn}
	if g.registration, err = r.poller.Register(conn, iomux.Readable, g); err != nil {
		_ = conn.Close()
		return
	}
	r.guests[g] = struct{}{}
	r.broadcast(nil, fmt.Sprintf("%v has come in, we are %d\n", conn.RemoteAddr(), len(r.guests)))
}

// listen reads from a guest. Data is ready, so Read does not wait.
func (r *room) listen(g *guest) {
	buffer := make([]byte, 4096)
	n, err := g.conn.Read(buffer)
	g.line = append(g.line, buffer[:n]...)
	for {
		end := bytes.IndexByte(g.line, '\n')
		if end < 0 {
			break
		}
		r.broadcast(g, fmt.Sprintf("%v: %s\n", g.conn.RemoteAddr(), g.line[:end]))
		g.line = g.line[end+1:]
	}
	if err != nil {
		r.seeOff(g)
	}
}

// broadcast sends the text to all guests except its author.
func (r *room) broadcast(by *guest, text string) {
	for g := range r.guests {
		if g == by {
			continue
		}
		err := g.conn.SetWriteDeadline(time.Now().Add(patience))
		if err == nil {
			_, err = g.conn.Write([]byte(text))
		}
		if err != nil {
			r.seeOff(g)
		}
	}
}

func (r *room) seeOff(g *guest) {
	if _, here := r.guests[g]; !here {
		return
	}
	delete(r.guests, g)
	// Nobody is left to receive the errors.
	_, _ = g.registration.Unregister(), g.conn.Close()
	r.broadcast(nil, fmt.Sprintf("%v has gone, we are %d\n", g.conn.RemoteAddr(), len(r.guests)))
}
