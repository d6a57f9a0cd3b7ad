package loadtest

// Jain returns Jain's index of fairness of what each of n got: from 1/n, when
// one got everything, to 1, when all got the same; 1 for nobody and nothing.
func Jain(got []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, x := range got {
		sum += x
		squares += x * x
	}
	if squares == 0 {
		return 1
	}
	return sum * sum / (float64(len(got)) * squares)
}
