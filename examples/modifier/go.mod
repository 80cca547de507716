module example.com/plugins/modifier

go 1.17
