package policy

import "time"

// Linger returns how long a batch of n columns (softmax: rows) of w's kind may
// wait for another one, limit at most. Together they take t(n+1), one after the
// other t(n)+t(1): to wait longer than the difference costs more than it saves.
// Until batches of that size and of a single column were measured, here or for
// a profile, the limit alone counts.
func (m *CostModel) Linger(limit time.Duration, w Work, n int) time.Duration {
	one, now, next := w.Widen(1), w.Widen(n), w.Widen(n+1)
	if !m.knows(&one) || !m.knows(&now) {
		return limit
	}
	saved := m.Predict(one) + m.Predict(now) - m.Predict(next)
	return min(max(saved, 0), limit)
}

// knows reports whether such work was measured.
func (m *CostModel) knows(w *Work) bool {
	return m.group(w).rows[w.sizeClass()].seen&(1<<extentClass(w.extent())) != 0
}
