//go:build !unix

package iomux

const pipeBuf = 0
