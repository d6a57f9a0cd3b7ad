package loadtest

import (
	"cmp"
	"slices"
)

// addBatches adds counts of like batches; keys have neither count nor time.
func addBatches(into map[BatchCount]*BatchCount, from []BatchCount) {
	for _, b := range from {
		key := BatchCount{Variant: b.Variant, Close: b.Close, Jobs: b.Jobs}
		sum := into[key]
		if sum == nil {
			sum = &BatchCount{Variant: b.Variant, Close: b.Close, Jobs: b.Jobs}
			into[key] = sum
		}
		sum.Count += b.Count
		sum.Device += b.Device
	}
}

func sortedBatches(m map[BatchCount]*BatchCount) []BatchCount {
	var all []BatchCount
	for _, b := range m {
		all = append(all, *b)
	}
	slices.SortFunc(all, func(a, b BatchCount) int {
		return cmp.Or(cmp.Compare(a.Variant, b.Variant), cmp.Compare(a.Jobs, b.Jobs), cmp.Compare(a.Close, b.Close))
	})
	return all
}

// MeanBatch returns the mean number of jobs in a batch, 0 if none was seen.
func (s *Summary) MeanBatch() float64 {
	jobs, count := int64(0), int64(0)
	for _, b := range s.Batches {
		jobs += int64(b.Jobs) * b.Count
		count += b.Count
	}
	if count == 0 {
		return 0
	}
	return float64(jobs) / float64(count)
}
