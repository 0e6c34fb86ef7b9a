package main

import (
	"fmt"
	"go/types"
	"strings"
)

// describer collects the lines of one package.
type describer struct {
	pkg   *types.Package
	lines []string
}

// describe returns a line for each exported object, field and method of p.
func describe(p *types.Package) []string {
	d := describer{pkg: p}
	for _, name := range p.Scope().Names() {
		if object := p.Scope().Lookup(name); object.Exported() {
			d.object(object)
		}
	}
	return d.lines
}

func (d *describer) add(format string, arguments ...any) {
	d.lines = append(d.lines, fmt.Sprintf("pkg %s, ", d.pkg.Path())+fmt.Sprintf(format, arguments...))
}

func (d *describer) object(object types.Object) {
	switch object := object.(type) {
	case *types.Const:
		d.add("const %s %s", object.Name(), d.text(object.Type()))
	case *types.Var:
		d.add("var %s %s", object.Name(), d.text(object.Type()))
	case *types.Func:
		d.add("func %s%s", object.Name(), d.signature(object.Signature()))
	case *types.TypeName:
		d.typeName(object)
	}
}

func (d *describer) typeName(name *types.TypeName) {
	if alias, ok := name.Type().(*types.Alias); ok {
		d.add("type %s = %s", d.text(alias), d.text(alias.Rhs()))
		return
	}
	named := name.Type().(*types.Named)
	shown := name.Name() + d.typeParameters(named.TypeParams())
	switch underlying := named.Underlying().(type) {
	case *types.Struct:
		d.add("type %s struct", shown)
		d.fields(name.Name(), underlying)
	case *types.Interface:
		d.add("type %s interface", shown)
	default:
		d.add("type %s %s", shown, d.text(underlying))
	}
	d.methods(named)
}

func (d *describer) fields(name string, s *types.Struct) {
	for field := range s.Fields() {
		switch {
		case !field.Exported():
		case field.Embedded():
			d.add("type %s struct, embedded %s", name, d.text(field.Type()))
		default:
			d.add("type %s struct, %s %s", name, field.Name(), d.text(field.Type()))
		}
	}
}

// methods adds the methods of named. Callers can also call the methods of embedded fields, so it
// adds those whose type is in this package.
func (d *describer) methods(named *types.Named) {
	var set *types.MethodSet
	byValue := types.NewMethodSet(named)
	if types.IsInterface(named) {
		set = byValue
	} else {
		set = types.NewMethodSet(types.NewPointer(named))
	}
	name := named.Obj().Name() + typeArguments(named.TypeParams())
	for selection := range set.Methods() {
		method := selection.Obj()
		if !method.Exported() || method.Pkg() != d.pkg {
			continue
		}
		receiver := "*" + name
		if byValue.Lookup(method.Pkg(), method.Name()) != nil {
			receiver = name
		}
		d.add("method (%s) %s%s", receiver, method.Name(), d.signature(method.(*types.Func).Signature()))
	}
}

// signature formats a function without the names of parameters, which may change.
func (d *describer) signature(s *types.Signature) string {
	bare := types.NewSignatureType(nil, nil, nil, withoutNames(s.Params()), withoutNames(s.Results()), s.Variadic())
	return d.typeParameters(s.TypeParams()) + d.text(bare)[len("func"):]
}

func withoutNames(named *types.Tuple) *types.Tuple {
	var bare []*types.Var
	for v := range named.Variables() {
		bare = append(bare, types.NewParam(v.Pos(), v.Pkg(), "", v.Type()))
	}
	return types.NewTuple(bare...)
}

func (d *describer) typeParameters(list *types.TypeParamList) string {
	var parameters []string
	for parameter := range list.TypeParams() {
		parameters = append(parameters, parameter.Obj().Name()+" "+d.text(parameter.Constraint()))
	}
	if parameters == nil {
		return ""
	}
	return "[" + strings.Join(parameters, ", ") + "]"
}

// typeArguments returns the type parameters as a receiver names them.
func typeArguments(list *types.TypeParamList) string {
	var names []string
	for parameter := range list.TypeParams() {
		names = append(names, parameter.Obj().Name())
	}
	if names == nil {
		return ""
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// text formats t. Types of other packages have their package path.
func (d *describer) text(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p == d.pkg {
			return ""
		}
		return p.Path()
	})
}
