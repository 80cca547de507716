package main

import "testing"

type response map[string]interface{}

func (r response) Data() map[string]interface{} { return r }

var mask = ModifierRegisterer.newModifier(map[string]interface{}{
	"mask": map[string]interface{}{"fields": []interface{}{"password", "absent", 7}},
})

func TestOnlyTheNamedFieldsAreMasked(t *testing.T) {
	data := response{"user": "ada", "password": "lovelace"}
	if _, err := mask(data); err != nil {
		t.Fatal(err)
	}
	if len(data) != 2 || data["user"] != "ada" || data["password"] != "***" {
		t.Errorf("the response became %v", data)
	}
}

func TestAnythingElseIsAnError(t *testing.T) {
	if _, err := mask("a string"); err == nil {
		t.Error("a string passed for a response")
	}
}
