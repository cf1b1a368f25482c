import { expect, test } from 'vitest';
import { lineAt, maskCode } from './mask-code.ts';

/** `~` stands for a blanked character. */
function check(text: string, want: string): void {
  const { code } = maskCode(text);
  expect(code).toHaveLength(text.length);
  expect(code).toBe(want.replaceAll('~', ' '));
}

test('code stays as it is', () => check('f({ a: [1, 2] }) / 3;', 'f({ a: [1, 2] }) / 3;'));

test('strings keep their quotes', () => {
  check(`a = '{' + "}\\"";`, `a = '~' + "~~~";`);
});

test('comments go, with all they hold', () => {
  check('a; // {\nb; /* {\n" */ c', 'a; ~~~~\nb; ~~~~\n~~~~ c');
});

test('templates keep the code within them', () => {
  check('`a{${ f({ b: `}` }) }c`;', '`~~${ f({ b: `~` }) }~`;');
});

test('a regular expression is told from a division', () => {
  check('x = /[/{]"/g.test(y); z = x / 2 / y;', 'x = /~~~~~/g.test(y); z = x / 2 / y;');
  check('return /{/.test(a[0] / b) / c', 'return /~/.test(a[0] / b) / c');
  check('"a" / 2; (b) / `c` / 3', '"~" / 2; (b) / `~` / 3');
});

test('JSX is neither', () => {
  check('<p a={1} />', '<p a={1} />');
  check("<p>don't {f('}')}</p>", "<p>don't {f('~')}</p>");
  check('<br /></p>;', '<br /></p>;');
});

test('a stray quote ends with its line', () => check("a 'b {\n{", "a '~~~\n{"));

test('an escape at the very end does not run past it', () => {
  check("'\\", "'~");
  check('`\\', '`~'.concat(''));
});

test('comments are given by line', () => {
  const { comments } = maskCode('/**\n * One.\n */\na; // two\n');
  expect(comments.filter(({ text }) => text !== '')).toEqual([
    { line: 2, text: 'One.' },
    { line: 4, text: 'two' },
  ]);
});

test('lines count from 1', () => {
  expect([0, 1, 2, 3].map((offset) => lineAt('a\nb\n', offset))).toEqual([1, 1, 2, 2]);
});
