package nd

// Span is a run of bytes of a stored object and the memory that receives it:
// len(Dst) bytes beginning at Off. A negative Off counts from the object's end
// (-n is its last n bytes), so that a trailing index can be read without
// knowing the object's size.
type Span struct {
	Off int64
	Dst []byte
}
