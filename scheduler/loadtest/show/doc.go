// Package show shows the results of loads: as text, JSON, CSV, or one page
// of HTML with pictures that needs nothing else. Several runs stand side by
// side.
package show
