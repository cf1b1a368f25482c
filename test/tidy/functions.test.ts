import { expect, test } from 'vitest';
import { findFunctions } from './functions.ts';
import { maskCode } from './mask-code.ts';

/** Each found function as `name:line+lines`. */
function check(text: string, want: readonly string[]): void {
  const found = findFunctions(maskCode(text).code);
  expect(found.map(({ name, line, lines }) => `${name}:${line}+${lines}`)).toEqual(want);
}

test('declarations', () => {
  check('function one(a: number): void {\n}\n', ['one:1+2']);
  check('\nexport async function* two<T extends { a: 1 }>(\n  a: T,\n) {\n\n}', ['two:2+5']);
});

test('return types', () => {
  check('function f(): { a: number } {\n}', ['f:1+2']);
  check('function f(): Map<string, { a: () => void }>[] | undefined {\n}', ['f:1+2']);
  check('function f(a: unknown): a is { b: 1 } {\n}', ['f:1+2']);
  check('function f(a: unknown): asserts a is string {\n}', ['f:1+2']);
  check('function f(): (b: number) => void {\n}', ['f:1+2']);
  check("function f(): 'a' | 'b' {\n}", ['f:1+2']);
  check('function f(): readonly [number, string] {\n}', ['f:1+2']);
});

test('methods, accessors, constructors', () => {
  const text = `class A {
  #b(x: number): string {
    return '}';
  }
  get c(): number {
    return 1;
  }
  constructor(d: () => void) {
    d();
  }
}`;
  check(text, ['#b:2+3', 'c:5+3', 'constructor:8+3']);
});

test('arrow functions', () => {
  check('const f = (a: number): void => {\n};', ['f:1+2']);
  check('const f = async <T>(a: T) => {\n};', ['f:1+2']);
  check('const f: F = () => {\n};', ['f:1+2']);
  check('each((a) => {\n});', ['callback:1+2']);
  check('const o = { f: (a: number) => {\n} };', ['f:1+2']);
  check('const f = () => ({ a: 1 });', []);
});

test('one within another', () => {
  check('function f() {\n  g(() => {\n  });\n}', ['f:1+4', 'callback:2+2']);
});

test('what only looks like a function', () => {
  check('if (a) {\n}\nfor (const b of c) {\n}\nwhile (d()) {\n}\nswitch (e) {\n}', []);
  check('try {\n} catch (f) {\n}', []);
  check('const a = b ? f(c) : { d: 1 };', []);
  check('switch (a) {\n case f(b): {\n }\n case 2: {\n }\n}', []);
  check('type F = (a: number) => { b: number };', ['F:1+1']);
  check('interface A {\n  f(b: number): { c: number };\n}', []);
  check('const s = "function f() {";', []);
  check('declare function f(a: number): void;\nclass B {}', []);
});

test('a body that never closes reaches to the end', () => check('function f() {\n\n', ['f:1+3']));
