package dashboard

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed assets
var assets embed.FS

// Handler serves the page at /, its content as server-sent events at /events,
// charts at /chart/NAME.svg and whole decisions at /decision/SEQ.
func (d *Dashboard) Handler() http.Handler {
	mux := http.NewServeMux()
	for path, file := range map[string]string{"/{$}": "index.html", "/page.css": "page.css", "/page.js": "page.js", "/icon.svg": "icon.svg"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			// The page needs nothing from elsewhere, and runs no script but its own.
			w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
			http.ServeFileFS(w, r, assets, "assets/"+file)
		})
	}
	mux.HandleFunc("GET /events", d.events)
	mux.HandleFunc("GET /chart/{name}", d.chart)
	mux.HandleFunc("GET /decision/{seq}", d.decision)
	return mux
}

// events sends a Snapshot every second until the viewer goes.
func (d *Dashboard) events(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		body, err := json.Marshal(d.Snapshot())
		if err != nil {
			return // a float that is no number; there is none
		}
		_ = out.SetWriteDeadline(time.Now().Add(viewerPatience)) // not all writers have one
		if _, err := fmt.Fprintf(w, "data: %s\n\n", body); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		}
	}
}

// viewerPatience is how long a viewer may take to read one event.
const viewerPatience = 10 * time.Second

func (d *Dashboard) chart(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	file, isSVG := strings.CutSuffix(name, ".svg")
	draw := drawings[file]
	if draw == nil || !isSVG {
		http.Error(w, fmt.Sprintf("no chart %q", name), http.StatusNotFound)
		return
	}
	width, _ := strconv.Atoi(r.FormValue("width")) // 0 when it is no number
	svg, err := draw(d, look{
		width: min(max(width, 240), 2000), height: 190, theme: theme(r.FormValue("theme") == "dark"),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(svg) // the viewer may have gone
}

func (d *Dashboard) decision(w http.ResponseWriter, r *http.Request) {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil {
		http.Error(w, "a sequence number is a whole number", http.StatusBadRequest)
		return
	}
	d.mu.Lock()
	found, ok := d.recent.find(seq)
	d.mu.Unlock()
	if !ok {
		http.Error(w, fmt.Sprintf("decision %d is not among the last %d", seq, recentDecisions), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(&found) // the viewer may have gone
}
