package kernels

import (
	"fmt"
	"math/bits"
)

// Bucket is the number of columns that one pass of a small-N kernel covers.
type Bucket uint8

// The small-N buckets. BucketNone is for kernels of other families.
const (
	BucketNone Bucket = 0
	N1         Bucket = 1
	N2         Bucket = 2
	N4         Bucket = 4
	N8         Bucket = 8
	N16        Bucket = 16
)

// MaxSmallN is the widest product that small-N kernels serve in one pass.
const MaxSmallN = int(N16)

func (b Bucket) String() string {
	if b == BucketNone {
		return "-"
	}
	return fmt.Sprintf("N%d", uint8(b))
}

// BucketFor returns the smallest bucket that holds n columns, N16 for more.
func BucketFor(n int) Bucket {
	for _, b := range []Bucket{N1, N2, N4, N8} {
		if n <= int(b) {
			return b
		}
	}
	return N16
}

// WidthBucket returns the sequence-length bucket of a softmax row: the next
// power of two of its columns, so that rows of similar width share a kernel.
func WidthBucket(cols int) int {
	if cols <= 1 {
		return 1
	}
	return 1 << min(bits.Len(uint(cols-1)), bits.UintSize-2) // the largest that an int holds
}
