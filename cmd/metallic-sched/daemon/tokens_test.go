package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	aliceToken = "alice-0123456789abcdef012345"
	rootToken  = "root-0123456789abcdef0123456"
)

func tokenFile(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestTokens(t *testing.T) {
	path := tokenFile(t, "# who may come\n\n"+aliceToken+" alice\n"+rootToken+" ops admin # both\n")
	tokens, err := OpenTokens(path)
	require.NoError(t, err)
	found, ok := tokens.find(aliceToken)
	require.True(t, ok)
	require.Equal(t, "alice", found.tenant)
	require.False(t, found.admin)
	found, ok = tokens.find(rootToken)
	require.True(t, ok)
	require.True(t, found.admin)
	_, ok = tokens.find(aliceToken + "x")
	require.False(t, ok)

	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("n", 30)+" new\n"), 0o600))
	require.NoError(t, tokens.Reload())
	_, ok = tokens.find(aliceToken)
	require.False(t, ok, "it was taken out of the file")

	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.Error(t, tokens.Reload())
	_, ok = tokens.find(strings.Repeat("n", 30))
	require.True(t, ok, "a file that cannot be used changes nothing")
}

func TestTokenFilesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "no tokens",
		"short alice\n":                "at least 22",
		aliceToken + "\n":              "line 1: want TOKEN TENANT",
		"#\n" + aliceToken + " a b\n":  "line 2: want TOKEN TENANT",
		aliceToken + " a admin more\n": "want TOKEN TENANT",
		aliceToken + " alice\n#\n" + aliceToken + " bob\n":         "line 3: the token of line 1 again",
		aliceToken + " alice\n" + aliceToken + " alice admin # \n": "line 2: the token of line 1 again",
	} {
		_, err := OpenTokens(tokenFile(t, text))
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), aliceToken, "an error is no place for a token")
	}
	path := tokenFile(t, aliceToken+" alice\n")
	require.NoError(t, os.Chmod(path, 0o640))
	_, err := OpenTokens(path)
	require.ErrorContains(t, err, "chmod 600")
	_, err = OpenTokens(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
