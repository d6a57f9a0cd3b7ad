// Package server answers the calls of metallic.v1 with a scheduler: gRPC,
// gRPC-Web and JSON over HTTP from one handler.
package server
