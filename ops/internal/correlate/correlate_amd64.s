#include "textflag.h"

// Registers: DI dst, SI src, CX elements left, DX stride in bytes, R8 radius,
// R9 weights, R12 bytes from the first row to the middle one. Per block of
// elements: R10 and R11 walk the rows from both ends, AX the weights, BX counts.

#define ARGS \
	MOVQ dst+0(FP), DI; \
	MOVQ src+8(FP), SI; \
	MOVQ n+16(FP), CX; \
	MOVQ stride+24(FP), DX; \
	MOVQ radius+32(FP), R8; \
	MOVQ half+40(FP), R9; \
	SHLQ $3, DX; \
	MOVQ DX, R12; \
	IMULQ R8, R12

// START points R11 at the middle row, Y8 gets the middle weight, and then
// R10, R11 are the first and last row.
#define START \
	MOVQ SI, R10; \
	LEAQ (SI)(R12*1), R11; \
	VBROADCASTSD (R9)(R8*8), Y8; \
	MOVQ R9, AX; \
	MOVQ R8, BX

// PAIR adds to acc the weighted sum (or difference) of two elements of four lanes.
#define PAIR(OP, off, tmp, acc) \
	VMOVUPD off(R10), tmp; \
	OP off(R11), tmp, tmp; \
	VMULPD Y8, tmp, tmp; \
	VADDPD tmp, acc, acc

#define NEXT \
	ADDQ DX, R10; \
	SUBQ DX, R11; \
	ADDQ $8, AX; \
	DECQ BX

#define BODY(OP) \
	ARGS; \
	SUBQ $16, CX; \
	JLT four; \
sixteen: \
	START; \
	VMULPD (R11), Y8, Y0; \
	VMULPD 32(R11), Y8, Y1; \
	VMULPD 64(R11), Y8, Y2; \
	VMULPD 96(R11), Y8, Y3; \
	ADDQ R12, R11; \
	TESTQ BX, BX; \
	JZ store16; \
tap16: \
	VBROADCASTSD (AX), Y8; \
	PAIR(OP, 0, Y4, Y0); \
	PAIR(OP, 32, Y5, Y1); \
	PAIR(OP, 64, Y6, Y2); \
	PAIR(OP, 96, Y7, Y3); \
	NEXT; \
	JNZ tap16; \
store16: \
	VMOVUPD Y0, (DI); \
	VMOVUPD Y1, 32(DI); \
	VMOVUPD Y2, 64(DI); \
	VMOVUPD Y3, 96(DI); \
	ADDQ $128, SI; \
	ADDQ $128, DI; \
	SUBQ $16, CX; \
	JGE sixteen; \
four: \
	ADDQ $16, CX; \
	JZ done; \
next4: \
	START; \
	VMULPD (R11), Y8, Y0; \
	ADDQ R12, R11; \
	TESTQ BX, BX; \
	JZ store4; \
tap4: \
	VBROADCASTSD (AX), Y8; \
	PAIR(OP, 0, Y4, Y0); \
	NEXT; \
	JNZ tap4; \
store4: \
	VMOVUPD Y0, (DI); \
	ADDQ $32, SI; \
	ADDQ $32, DI; \
	SUBQ $4, CX; \
	JNZ next4; \
done: \
	VZEROUPPER; \
	RET

// func even(dst, src *float64, n, stride, radius int, half *float64)
TEXT ·even(SB), NOSPLIT, $0-48
	BODY(VADDPD)

// func odd(dst, src *float64, n, stride, radius int, half *float64)
TEXT ·odd(SB), NOSPLIT, $0-48
	BODY(VSUBPD)
