// Package objc is the part of the Objective-C runtime that a Metal driver
// needs: classes, selectors, message sends, autorelease pools and one-shot
// blocks. It needs no C compiler, and it takes the path of the runtime's
// library as an argument, so that a simulated one can stand in for it where
// there is no macOS.
//
// Objects obey the usual rules of ownership: what alloc, new, copy and retain
// return is the caller's to release; everything else is borrowed and may be
// gone when the innermost [Runtime.Pool] ends.
package objc
