# What each target needs is built on demand: the pinned tools of tools/go.mod
# are installed under bin/tools.

BENCH     ?= .
BENCHTIME ?= 1s
REPEAT    ?= 30
SEEDS     ?= 1000
SEED      ?= 0
FUZZTIME  ?= 2m
SOAK      ?= 10m
PEERS     ?=
CUDA      ?=
GGML_DIR  ?=

tools     := bin/tools/.installed
buf       := bin/tools/.buf
bufbin    := $(CURDIR)/bin/tools/buf
packages  := ./...
# Every file that git knows or could know, with its checksum.
snapshot   = git ls-files -co --exclude-standard -z | xargs -0 cksum 2>/dev/null || true
# What the check of the wire API depends on, with checksums.
wiresums    = git ls-files -co --exclude-standard -z scheduler/rpc/proto/metallic scheduler/rpc/proto/buf.yaml \
	scheduler/rpc/proto/buf.gen.yaml scheduler/rpc/proto/released.binpb scheduler/rpc/metallicv1 tools | xargs -0 cksum
wirechecked := scheduler/rpc/proto/checked.sum

.DEFAULT_GOAL := help
.PHONY: help build test race stress chaos soak fuzz bench cuda cuda-sanitize cuda-bundle bench-peers lint format vet staticcheck exhaustive vulncheck generate checkgenerate clean wire checkwire wirerelease

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' Makefile

build: ## build bin/metallic-sched
	CGO_ENABLED=0 go build -o bin/metallic-sched ./cmd/metallic-sched

test: ## run the tests
	go test $(packages)

race: ## run the tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race $(VET) $(packages)

stress: ## repeat the tests of actors and scheduler, REPEAT=30 times
	CGO_ENABLED=1 go test -race -count=$(REPEAT) -timeout 2h ./actors/... ./scheduler/...

chaos: ## let everything go wrong at random, SEEDS=1000 times, from SEED=0 (random) on
	CGO_ENABLED=1 go test -race -timeout 2h -run '^TestChaos$$' -v ./scheduler -chaos.seeds $(SEEDS) -chaos.seed $(SEED)

soak: ## keep a failing device full for SOAK=10m and watch memory, lateness and the books
	go test -timeout 2h -run '^TestSoak$$' -v ./scheduler -soak.time $(SOAK)

fuzz: ## fuzz views, the cpu device's kernels, traces, the wire API and the public entry points, FUZZTIME=2m each
	set -e; for p in kernels/tensor kernels/cpu metrics scheduler scheduler/rpc/wire scheduler/rpc/server; do \
		for f in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' $$p/*_test.go); do \
			go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s ./$$p; done; done

bench: ## run the benchmarks, BENCH=pattern BENCHTIME=1s
	go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem $(packages)

cuda: ## on a machine with an NVIDIA GPU: prove the cuda device, time it next to PyTorch, write docs/cuda-run.md
	go run ./bench/cuda -out docs/cuda-run.md $(CUDA)

cuda-sanitize: ## of that, every kernel under compute-sanitizer: first without it, then memcheck, then racecheck
	go run ./bench/cuda -only entries,controls,memcheck,racecheck $(CUDA)

cuda-bundle: ## bin/cuda.tar.xz: what `make cuda` needs on a machine without Go, see docs/cuda.md
	rm -rf bin/cuda
	CGO_ENABLED=0 go build -o bin/cuda/ ./bench/cuda ./cmd/metallic-sched
	CGO_ENABLED=0 go test -c -o bin/cuda/ ./device/cuda
	CGO_ENABLED=0 go test -c -o bin/cuda/ ./scheduler
	mv bin/cuda/cuda.test bin/cuda/device.test
	cp -r bench/torch bin/cuda/
	tar -C bin -cJf bin/cuda.tar.xz cuda

bench-peers: ## compare with OpenBLAS and, GGML_DIR=a checkout of it, ggml; PEERS=-quick, PEERS=-help
ifneq ($(GGML_DIR),)
	@mkdir -p bin
	cmake -S bench/ggml -B bin/ggml -DGGML_DIR='$(abspath $(GGML_DIR))' >bin/ggml.log 2>&1
	cmake --build bin/ggml --parallel >>bin/ggml.log 2>&1
	go run ./bench -ggml bin/ggml/libpeer_ggml.so $(PEERS)
else
	go run ./bench $(PEERS)
endif

lint: format vet staticcheck exhaustive checkwire ## run all static checks

format: $(tools) ## list files that gofumpt would change
	@unformatted=$$(bin/tools/gofumpt -l .); if [ -n "$$unformatted" ]; then \
		echo "not formatted (gofumpt -w):"; echo "$$unformatted"; exit 1; fi

vet: ## run go vet
	go vet $(packages)

staticcheck: $(tools) ## run staticcheck
	bin/tools/staticcheck $(packages)

exhaustive: $(tools) ## no switch over our enums may miss a case; a default is no excuse
	bin/tools/exhaustive -typeonly '^github\.com/metallic-sched/' $(packages)

wire: $(tools) $(buf) ## make the wire API's code; check its style, and that clients of its last release still work
	cd scheduler/rpc/proto && $(bufbin) lint && $(bufbin) breaking --against released.binpb && $(bufbin) generate
	@$(wiresums) >$(wirechecked)

checkwire: ## the same, unless it was done of these very files; building buf takes minutes
	@if $(wiresums) | cmp -s - $(wirechecked); then echo 'checked before: $(wirechecked)'; else \
		$(MAKE) --no-print-directory wire && git diff --exit-code --stat -- scheduler/rpc; fi

wirerelease: $(buf) ## make the wire API as it is the one that later ones must not break
	cd scheduler/rpc/proto && $(bufbin) build -o released.binpb

vulncheck: $(tools) ## look for known vulnerabilities (needs the network)
	bin/tools/govulncheck $(packages)

generate: wire ## make the generated files again
	go generate $(packages)

checkgenerate: checkwire ## fail if the generated files are not what generate makes
	@set -e; before=$$($(snapshot)); go generate $(packages); after=$$($(snapshot)); \
	if [ "$$before" != "$$after" ]; then \
		echo "generated files were out of date; commit what make generate made of them:"; \
		git status --short; exit 1; fi

clean: ## remove bin
	rm -rf bin

$(tools): tools/go.mod tools/go.sum
	GOBIN='$(CURDIR)/bin/tools' go -C tools install tool
	@touch $@

# buf has a module of its own: it needs a protobuf that is not released.
$(buf): tools/buf/go.mod tools/buf/go.sum
	GOBIN='$(CURDIR)/bin/tools' go -C tools/buf install tool
	@touch $@
