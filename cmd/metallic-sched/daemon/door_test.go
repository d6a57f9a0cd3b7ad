package daemon

import (
	"log/slog"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Where the ports are yet to be chosen, -listen and -admin may be written the same:
// TLS is spoken at the former all the same, and only there.
func TestTheAdminsDoorIsNotToldByItsAddress(t *testing.T) {
	a := address(t, "127.0.0.1:0")
	d := newDaemon(Config{Listen: []Address{a}, Admin: a, Logger: slog.New(slog.DiscardHandler)})
	d.certs, d.conns = &certificates{}, &connections{most: 1, full: func(string, net.Addr, int64) {}}
	for _, admins := range []bool{false, true} {
		require.NoError(t, d.openDoor(t.Context(), a, http.NotFoundHandler(), admins))
	}
	defer func() { require.NoError(t, d.close()) }()
	require.NotNil(t, d.doors[0].tls)
	require.Nil(t, d.doors[1].tls)
	require.Less(t, d.doors[0].listener.(*countedListener).allowed, d.doors[1].listener.(*countedListener).allowed)
}
