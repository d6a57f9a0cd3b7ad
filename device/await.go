package device

// Await commits a batch of these stages and waits for its end. It is for
// programs that have nothing else to do meanwhile.
func Await(q Queue, stages ...Stage) (Timing, error) {
	return AwaitBatch(q, &Batch{Stages: stages})
}

// AwaitBatch is Await for a batch that says more than its stages. Its Done is
// overwritten.
func AwaitBatch(q Queue, b *Batch) (timing Timing, err error) {
	ended := make(chan struct{})
	b.Done = func(_ *Batch, t Timing, e error) {
		timing, err = t, e
		close(ended)
	}
	q.Commit(b)
	<-ended
	return timing, err
}
