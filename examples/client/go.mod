module example.com/plugins/client

go 1.17
