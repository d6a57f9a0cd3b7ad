package policy

// Orient decides whether a product is taken as its mirror image
// Ct = op(B)t op(A)t, so that a loaded operand stands on the left where the
// kernels expect weights. It looks at the job alone, never at its companions.
func Orient(aLoaded, bLoaded bool) (mirror bool, reason string) {
	switch {
	case bLoaded && !aLoaded:
		return true, "mirrored: B is loaded and A is not"
	case aLoaded && bLoaded:
		return false, "as written: A and B are loaded"
	case aLoaded:
		return false, "as written: A is loaded"
	}
	return false, "as written: neither A nor B is loaded"
}
