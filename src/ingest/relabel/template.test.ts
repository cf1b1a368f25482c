import { describe, expect, it } from 'vitest';
import { parseTemplate, type TemplatePart } from './template.ts';

function check(template: string, want: readonly TemplatePart[]): void {
  expect(parseTemplate(template, { name: 2, _x: 3 })).toEqual(want);
}

describe('parseTemplate', () => {
  it('reads references as Go does', () => {
    check('', []);
    check('plain', ['plain']);
    check('$1', [1]);
    check('${1}x', [1, 'x']);
    check('a$name-b', ['a', 2, '-b']);
    check('${_x}${0}', [3, 0]);
    check('$12', [12]);
  });

  it('takes the longest name, and nothing for one that is unknown', () => {
    check('$1x', []);
    check('a$name1b', ['a']);
    check('a${other}b', ['ab']);
    check('$01', []);
  });

  it('writes a dollar for two, and for one that begins no reference', () => {
    check('$$1', ['$1']);
    check('$', ['$']);
    check('a$ b', ['a$ b']);
    check('${1', ['${1']);
    check('${}', ['${}']);
    check('${a-b}', ['${a-b}']);
  });
});
