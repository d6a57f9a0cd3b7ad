package actors

import "github.com/metallic-sched/metallic-sched/device"

// resetMemory makes the batch's memory on the device free for other work.
func (b *Batch) resetMemory() {
	b.arena.reset()
	b.inner.reset()
}

// moveMemory gives it up for that of another device.
func (b *Batch) moveMemory(d device.Device) {
	b.arena.move(d)
	b.inner.move(d)
}

func (b *Batch) freeMemory() {
	b.arena.free()
	b.inner.free()
}

// maxSpareArenas bounds the staging memory that is kept for batches to come:
// far more are out only while a failed batch is bisected.
const maxSpareArenas = 8

// forgetEvery is how many batches it takes until memory that none of them needed is
// given back.
const forgetEvery = 64

// excess returns the bytes of large memory that the batch keeps.
func (b *Batch) excess() int { return b.arena.excess() + b.inner.excess() }

// excess returns that of all spare batches.
func (e *Engine) excess() (bytes int) {
	for _, b := range e.spare {
		bytes += b.excess()
	}
	return bytes
}

// relieve gives back what nobody uses now, for who finds no memory.
func (e *Engine) relieve() {
	e.freeSpare()
	e.shutRings()
}

// freeSpare gives back the staging memory of batches that are not in use.
func (e *Engine) freeSpare() {
	for _, b := range e.spare {
		b.freeMemory()
	}
}

// boundSpare bounds what spare batches keep, the last of which is b.
func (e *Engine) boundSpare(b *Batch) {
	if len(e.spare) > maxSpareArenas || b.excess() > 0 && e.excess() > arenaLarge {
		b.freeMemory()
	}
	if e.recycled++; e.recycled%forgetEvery == 0 {
		for _, b := range e.spare {
			b.arena.forget()
			b.inner.forget()
		}
	}
}
