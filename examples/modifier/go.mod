module example.com/modifier

go 1.17
