import { describe, expect, it } from 'vitest';
import { checkRelabel, relabelSchema, resolveRelabel } from './options.ts';

function check(rule: object, want: string | RegExp): void {
  const result = relabelSchema.safeParse(rule);
  expect(result.success).toBe(false);
  expect(result.error?.issues.map((issue) => issue.message).join('\n')).toMatch(want);
}

describe('relabelSchema', () => {
  it('refuses what Prometheus refuses, in its words', () => {
    check(
      { regex: 'abcdef' },
      /^relabel configuration for replace action requires 'target_label' value$/,
    );
    check(
      { action: 'keepequal', source_labels: ['a'] },
      /for keepequal action requires 'target_label'/,
    );
    check(
      { action: 'dropequal', source_labels: ['a'], target_label: 'b', regex: 'foo' },
      "dropequal action requires only 'source_labels' and `target_label`, and no other fields",
    );
    check(
      { action: 'keepequal', source_labels: ['a'], target_label: 'b', regex: '(.*)' },
      /^keepequal action requires only/,
    );
    check({ action: 'labeldrop', source_labels: [] }, /^labeldrop action requires only 'regex'/);
    check({ action: 'labelkeep', modulus: 8 }, /^labelkeep action requires only 'regex'/);
    check({ action: 'labelkeep', target_label: 'y' }, /^labelkeep action requires only 'regex'/);
    check({ action: 'labeldrop', separator: ',' }, /^labeldrop action requires only 'regex'/);
    check({ action: 'hashmod', target_label: 'y' }, /requires non-zero modulus/);
    check(
      { action: 'uppercase', target_label: 'a', replacement: 'b' },
      "'replacement' can not be set for uppercase action",
    );
    check(
      { action: 'labelmap', replacement: '' },
      /"" is invalid 'replacement' for labelmap action/,
    );
    check({ target_label: 'a', regex: 'abc(def' }, /error parsing regexp/);
    check({ action: 'remove' }, 'unknown relabel action "remove"');
    check({ action: null, target_label: 'x' }, 'relabel action cannot be empty');
    check({ target_label: 'x', source_labels: [''] }, '"" is not a valid label name');
    check({ target_label: 'x', sourcelabels: ['a'] }, /sourcelabels/);
  });

  it('takes scalars as their text, and keys set to nothing as empty', () => {
    const rule = relabelSchema.parse({
      target_label: 'a',
      regex: 1,
      replacement: 2,
      separator: null,
    });
    expect(resolveRelabel(rule, 'utf8')).toMatchObject({
      regex: '1',
      replacement: '2',
      separator: '',
      defaultRegex: false,
    });
    expect(resolveRelabel(relabelSchema.parse({ target_label: 'a' }), 'utf8')).toMatchObject({
      regex: '(.*)',
      replacement: '$1',
      separator: ';',
      defaultRegex: true,
    });
  });
});

describe('checkRelabel', () => {
  it('refuses UTF-8 names where classic ones are wanted', () => {
    const rule = relabelSchema.parse({ target_label: 'a.b' });
    expect(checkRelabel(rule, 'utf8')).toBeUndefined();
    expect(checkRelabel(rule, 'legacy')).toBe(`"a.b" is invalid 'target_label' for replace action`);
    const template = relabelSchema.parse({ target_label: '${1}_x$2' });
    expect(checkRelabel(template, 'legacy')).toBeUndefined();
    const bad = relabelSchema.parse({ target_label: '${1}-x' });
    expect(checkRelabel(bad, 'legacy')).toMatch(/invalid 'target_label'/);
    const map = relabelSchema.parse({ action: 'labelmap', replacement: 'a-$1' });
    expect(checkRelabel(map, 'legacy')).toMatch(/invalid 'replacement'/);
  });
});
