package cpu

//go:generate go run -C _generate ./panel -out ../panel_amd64.s -stubs ../panel_amd64.go -pkg cpu
//go:generate go run -C _generate ./softmax -out ../softmax_amd64.s -stubs ../softmax_amd64.go -pkg cpu
//go:generate go run -C _generate ./half -out ../half_amd64.s -stubs ../half_amd64.go -pkg cpu
//go:generate go run -C _generate ./peak -out ../peak/loops_amd64.s -stubs ../peak/loops_amd64.go -pkg peak
