module example.com/plugins/cgo

go 1.17
