module example.com/plugins/handler

go 1.17
