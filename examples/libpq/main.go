//go:build libpq

// Libpq prints the notifications of a PostgreSQL channel, which it receives with the C library
// libpq. One loop waits for the library's descriptor and a timer. The build needs the tag libpq and
// the headers of Debian's libpq-dev:
//
//	go build -tags libpq . && ./libpq "host=localhost dbname=test" channel
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"iomux"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: libpq connection-string channel")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "libpq:", err)
		os.Exit(1)
	}
}

// source identifies a source of events.
type source int

const (
	server source = iota
	clock
)

func run(address, channel string) (err error) {
	poller, err := iomux.New[source]()
	if err != nil {
		return err
	}
	defer func() { _ = poller.Close() }()
	if _, err := poller.RegisterTicker(time.Minute, clock); err != nil {
		return err
	}
	db := begin(address)
	defer db.finish()
	if err := connect(poller, db); err != nil {
		return err
	}
	if err := db.send("LISTEN " + channel); err != nil {
		return err
	}
	// The library reads all available data after each event.
	registration, err := poller.RegisterFD(db.descriptor(), iomux.Readable, server)
	if err != nil {
		return err
	}
	defer func() { _ = registration.Unregister() }() // before the library closes it
	return printNotifications(poller, db)
}

// printNotifications prints notifications until the server ends the connection.
func printNotifications(poller *iomux.Poller[source], db *database) error {
	for event, err := range poller.Events(context.Background()) {
		switch {
		case err != nil:
			return err
		case event.Key == clock:
			fmt.Println("a minute has passed")
			continue
		}
		notes, err := db.consume()
		for _, note := range notes {
			fmt.Println(note)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// connect makes the connection in steps that do not block. After each step the library returns the
// interest to wait for. The descriptor may change between steps.
func connect(poller *iomux.Poller[source], db *database) error {
	interest := iomux.Writable
	var events [1]iomux.Event[source]
	for interest != 0 {
		registration, err := poller.RegisterFD(db.descriptor(), interest|iomux.OneShot, server)
		if err != nil {
			return err
		}
		n, err := poller.WaitTimeout(events[:], 10*time.Second)
		if err := registration.Unregister(); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return os.ErrDeadlineExceeded
		}
		if interest, err = db.connect(); err != nil {
			return err
		}
	}
	return nil
}
