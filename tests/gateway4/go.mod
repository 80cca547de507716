module example.com/gateway4

go 1.25
