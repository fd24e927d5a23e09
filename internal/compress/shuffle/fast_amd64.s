#include "textflag.h"

// 16 elements fill as many registers as an element has bytes. Seen as one
// array, whose index is a string of bits, the registers are rotated: each
// round of UNPACKs, between the first and the second half of them, moves the
// highest bit of every byte's index to the lowest place. Elements to planes
// takes four rounds (16 elements: four bits), planes to elements as many as an
// element's bytes have bits in their index: one, two or three.

// UNPACK interleaves the bytes of a and b: the first half of the result is in
// a, the second in b.
#define UNPACK(a, b) \
	MOVO      a, X8 \
	PUNPCKLBW b, a  \
	PUNPCKHBW b, X8 \
	MOVO      X8, b

// The names of the registers change from round to round, until they are back
// in order.
#define ROUND4A \
	UNPACK(X0, X2) \
	UNPACK(X1, X3)

#define ROUND4B \
	UNPACK(X0, X1) \
	UNPACK(X2, X3)

#define ROUND8A \
	UNPACK(X0, X4) \
	UNPACK(X1, X5) \
	UNPACK(X2, X6) \
	UNPACK(X3, X7)

#define ROUND8B \
	UNPACK(X0, X2) \
	UNPACK(X4, X6) \
	UNPACK(X1, X3) \
	UNPACK(X5, X7)

#define ROUND8C \
	UNPACK(X0, X1) \
	UNPACK(X2, X3) \
	UNPACK(X4, X5) \
	UNPACK(X6, X7)

// ARGS leaves the number of elements in CX, the distance of the planes in DX
// and zero, the place within a plane, in AX.
#define ARGS \
	MOVQ dst+0(FP), DI    \
	MOVQ src+8(FP), SI    \
	MOVQ n+16(FP), CX     \
	MOVQ plane+24(FP), DX \
	XORQ AX, AX

// PLANES4 and PLANES8 find where the planes after the first begin.
#define PLANES4(p) \
	LEAQ (p)(DX*1), R8 \
	LEAQ (p)(DX*2), R9 \
	LEAQ (R8)(DX*2), R10

#define PLANES8(p) \
	PLANES4(p)          \
	LEAQ (p)(DX*4), R11  \
	LEAQ (R8)(DX*4), R12 \
	LEAQ (R9)(DX*4), R13 \
	LEAQ (R10)(DX*4), BX

// func bytes2(dst, src *byte, n, plane int)
TEXT ·bytes2(SB), NOSPLIT, $0-32
	ARGS
	LEAQ (DI)(DX*1), R8

loop:
	MOVOU (SI), X0
	MOVOU 16(SI), X1
	UNPACK(X0, X1)
	UNPACK(X0, X1)
	UNPACK(X0, X1)
	UNPACK(X0, X1)
	MOVOU X0, (DI)(AX*1)
	MOVOU X1, (R8)(AX*1)
	ADDQ  $32, SI
	ADDQ  $16, AX
	CMPQ  AX, CX
	JLT   loop
	RET

// func undoBytes2(dst, src *byte, n, plane int)
TEXT ·undoBytes2(SB), NOSPLIT, $0-32
	ARGS
	LEAQ (SI)(DX*1), R8

loop:
	MOVOU (SI)(AX*1), X0
	MOVOU (R8)(AX*1), X1
	UNPACK(X0, X1)
	MOVOU X0, (DI)
	MOVOU X1, 16(DI)
	ADDQ  $32, DI
	ADDQ  $16, AX
	CMPQ  AX, CX
	JLT   loop
	RET

// func bytes4(dst, src *byte, n, plane int)
TEXT ·bytes4(SB), NOSPLIT, $0-32
	ARGS
	PLANES4(DI)

loop:
	MOVOU (SI), X0
	MOVOU 16(SI), X1
	MOVOU 32(SI), X2
	MOVOU 48(SI), X3
	ROUND4A
	ROUND4B
	ROUND4A
	ROUND4B
	MOVOU X0, (DI)(AX*1)
	MOVOU X1, (R8)(AX*1)
	MOVOU X2, (R9)(AX*1)
	MOVOU X3, (R10)(AX*1)
	ADDQ  $64, SI
	ADDQ  $16, AX
	CMPQ  AX, CX
	JLT   loop
	RET

// func undoBytes4(dst, src *byte, n, plane int)
TEXT ·undoBytes4(SB), NOSPLIT, $0-32
	ARGS
	PLANES4(SI)

loop:
	MOVOU (SI)(AX*1), X0
	MOVOU (R8)(AX*1), X1
	MOVOU (R9)(AX*1), X2
	MOVOU (R10)(AX*1), X3
	ROUND4A
	ROUND4B
	MOVOU X0, (DI)
	MOVOU X1, 16(DI)
	MOVOU X2, 32(DI)
	MOVOU X3, 48(DI)
	ADDQ  $64, DI
	ADDQ  $16, AX
	CMPQ  AX, CX
	JLT   loop
	RET

// func bytes8(dst, src *byte, n, plane int)
TEXT ·bytes8(SB), NOSPLIT, $0-32
	ARGS
	PLANES8(DI)

loop:
	MOVOU (SI), X0
	MOVOU 16(SI), X1
	MOVOU 32(SI), X2
	MOVOU 48(SI), X3
	MOVOU 64(SI), X4
	MOVOU 80(SI), X5
	MOVOU 96(SI), X6
	MOVOU 112(SI), X7
	ROUND8A
	ROUND8B
	ROUND8C
	ROUND8A
	MOVOU X0, (DI)(AX*1)
	MOVOU X4, (R8)(AX*1)
	MOVOU X1, (R9)(AX*1)
	MOVOU X5, (R10)(AX*1)
	MOVOU X2, (R11)(AX*1)
	MOVOU X6, (R12)(AX*1)
	MOVOU X3, (R13)(AX*1)
	MOVOU X7, (BX)(AX*1)
	ADDQ  $128, SI
	ADDQ  $16, AX
	CMPQ  AX, CX
	JLT   loop
	RET

// func undoBytes8(dst, src *byte, n, plane int)
TEXT ·undoBytes8(SB), NOSPLIT, $0-32
	ARGS
	PLANES8(SI)

loop:
	MOVOU (SI)(AX*1), X0
	MOVOU (R8)(AX*1), X1
	MOVOU (R9)(AX*1), X2
	MOVOU (R10)(AX*1), X3
	MOVOU (R11)(AX*1), X4
	MOVOU (R12)(AX*1), X5
	MOVOU (R13)(AX*1), X6
	MOVOU (BX)(AX*1), X7
	ROUND8A
	ROUND8B
	ROUND8C
	MOVOU X0, (DI)
	MOVOU X1, 16(DI)
	MOVOU X2, 32(DI)
	MOVOU X3, 48(DI)
	MOVOU X4, 64(DI)
	MOVOU X5, 80(DI)
	MOVOU X6, 96(DI)
	MOVOU X7, 112(DI)
	ADDQ  $128, DI
	ADDQ  $16, AX
	CMPQ  AX, CX
	JLT   loop
	RET

// SWAP exchanges the bits of a that mask selects with those k places higher. It
// is a step of the transposition of the 8×8 bits in each half of a.
#define SWAP(a, t, mask, k) \
	MOVO  a, t    \
	PSRLQ $k, t   \
	PXOR  a, t    \
	PAND  mask, t \
	PXOR  t, a    \
	PSLLQ $k, t   \
	PXOR  t, a

// MASK fills a register with a word.
#define MASK(word, x) \
	MOVQ       $word, AX \
	MOVQ       AX, x     \
	PUNPCKLQDQ x, x

// func transposeWords32(b *byte, n int)
TEXT ·transposeWords32(SB), NOSPLIT, $0-16
	MOVQ b+0(FP), DI
	MOVQ n+8(FP), CX
	ADDQ DI, CX
	MASK(0x00aa00aa00aa00aa, X5)
	MASK(0x0000cccc0000cccc, X6)
	MASK(0x00000000f0f0f0f0, X7)

loop:
	MOVOU (DI), X0
	MOVOU 16(DI), X1
	SWAP(X0, X2, X5, 7)
	SWAP(X1, X3, X5, 7)
	SWAP(X0, X2, X6, 14)
	SWAP(X1, X3, X6, 14)
	SWAP(X0, X2, X7, 28)
	SWAP(X1, X3, X7, 28)
	MOVOU X0, (DI)
	MOVOU X1, 16(DI)
	ADDQ  $32, DI
	CMPQ  DI, CX
	JLT   loop
	RET
