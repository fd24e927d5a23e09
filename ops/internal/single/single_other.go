//go:build !amd64

package single

func widenVector([]float64, []float32) int  { return 0 }
func narrowVector([]float32, []float64) int { return 0 }
