package iomux

const pipeBuf = 32768
