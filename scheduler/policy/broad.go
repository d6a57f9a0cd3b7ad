package policy

const (
	// broadColumns is how many columns a product has that would gain nothing from
	// more: it reads A once for so many that arithmetic takes far longer.
	broadColumns = 512
	// broadElements is how many of C keep a large device busy: 128 tiles of 128x128.
	broadElements = 128 * 128 * 128
)

// Broad reports whether a product of m rows, which might be computed as one with
// others that share its A, is better computed by itself, where its operands and its
// result lie: to put its columns beside those of others B has to be copied, and
// the result out of theirs.
func Broad(m, columns int) bool {
	return columns >= broadColumns && m > (broadElements-1)/columns
}
