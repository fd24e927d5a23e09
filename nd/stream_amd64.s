#include "textflag.h"

// func streamRows(dst, src unsafe.Pointer, rows, dstStep, srcStep, n int)
TEXT ·streamRows(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ rows+16(FP), R8
	MOVQ dstStep+24(FP), R10
	MOVQ srcStep+32(FP), R11
	MOVQ n+40(FP), R12

row:
	XORQ AX, AX

line:
	MOVOU   (SI)(AX*1), X0
	MOVOU   16(SI)(AX*1), X1
	MOVOU   32(SI)(AX*1), X2
	MOVOU   48(SI)(AX*1), X3
	MOVNTO  X0, (DI)(AX*1)
	MOVNTO  X1, 16(DI)(AX*1)
	MOVNTO  X2, 32(DI)(AX*1)
	MOVNTO  X3, 48(DI)(AX*1)
	ADDQ    $64, AX
	CMPQ    AX, R12
	JLT     line

	ADDQ R10, DI
	ADDQ R11, SI
	DECQ R8
	JNZ  row

	SFENCE
	RET
