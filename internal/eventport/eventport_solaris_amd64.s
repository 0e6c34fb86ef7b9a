#include "textflag.h"

// A function of the C library is called by package syscall.
TEXT ·sysvicall6(SB),NOSPLIT,$0-88
	JMP	syscall·sysvicall6(SB)
