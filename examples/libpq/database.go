//go:build libpq

package main

// #cgo pkg-config: libpq
// #include <stdlib.h>
// #include <libpq-fe.h>
import "C"

import (
	"errors"
	"strings"
	"unsafe"

	"iomux"
)

// database is a connection of libpq.
type database struct{ conn *C.PGconn }

// begin wraps PQconnectStart.
func begin(address string) *database {
	text := C.CString(address)
	defer C.free(unsafe.Pointer(text))
	return &database{C.PQconnectStart(text)}
}

// finish wraps PQfinish.
func (db *database) finish() { C.PQfinish(db.conn) }

// descriptor wraps PQsocket.
func (db *database) descriptor() int { return int(C.PQsocket(db.conn)) }

// err returns the message of PQerrorMessage as an error.
func (db *database) err() error {
	return errors.New(strings.TrimSpace(C.GoString(C.PQerrorMessage(db.conn))))
}

// connect wraps PQconnectPoll. It returns the interest to wait for before the next call, or 0 once
// the connection is made.
func (db *database) connect() (iomux.Interest, error) {
	switch C.PQconnectPoll(db.conn) {
	case C.PGRES_POLLING_READING:
		return iomux.Readable, nil
	case C.PGRES_POLLING_WRITING:
		return iomux.Writable, nil
	case C.PGRES_POLLING_OK:
		return 0, nil
	}
	return 0, db.err()
}

// send wraps PQsendQuery.
func (db *database) send(query string) error {
	text := C.CString(query)
	defer C.free(unsafe.Pointer(text))
	if C.PQsendQuery(db.conn, text) == 0 {
		return db.err()
	}
	return nil
}

// consume wraps PQconsumeInput, PQgetResult and PQnotifies. It takes all received notifications
// without waiting.
func (db *database) consume() (notes []string, err error) {
	if C.PQconsumeInput(db.conn) == 0 {
		err = db.err() // earlier notifications are still returned
	}
	for C.PQisBusy(db.conn) == 0 {
		result := C.PQgetResult(db.conn)
		if result == nil {
			break
		}
		C.PQclear(result)
	}
	for {
		note := C.PQnotifies(db.conn)
		if note == nil {
			return notes, err
		}
		notes = append(notes, C.GoString(note.relname)+": "+C.GoString(note.extra))
		C.PQfreemem(unsafe.Pointer(note))
	}
}
