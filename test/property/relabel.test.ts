import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RelabelAction, RelabelConfig } from '../../src/ingest/relabel/index.ts';
import { compileRelabel, RELABEL_ACTIONS } from '../../src/ingest/relabel/index.ts';
import { Labels } from '../../src/model/index.ts';

/** Expressions and replacements that mean the same to JavaScript's own engine as to RE2. */
const REGEXES = ['(.*)', 'a', 'a|b', '(a)(b?)', '.+', '([ab]+)c?', 'x.*', '.*b', '(a*)(.*)', ''];
const REPLACEMENTS = ['$1', '', 'a', '${1}c', '$2$1', 'b$$'];
const NAMES = ['a', 'b', 'ab', 'abc', '__x', 'c.d'];

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'x', 'é'), maxLength: 4 });
const rule: fc.Arbitrary<RelabelConfig> = fc.record({
  action: fc.constantFrom<RelabelAction>(...RELABEL_ACTIONS),
  sourceLabels: fc.array(fc.constantFrom(...NAMES), { maxLength: 3 }),
  separator: fc.constantFrom(';', '', 'b'),
  regex: fc.constantFrom(...REGEXES),
  defaultRegex: fc.constant(false),
  modulus: fc.bigInt(1n, 2n ** 64n - 1n),
  targetLabel: fc.constantFrom('a', 'new', '$1', 'x_${1}', 'c.d'),
  replacement: fc.constantFrom(...REPLACEMENTS),
  nameValidation: fc.constantFrom('utf8' as const, 'legacy' as const),
});
const labels = fc.dictionary(fc.constantFrom(...NAMES), text).map((object) => ({ ...object }));

/** The rules once more, the plain way: a map in insertion order and JavaScript expressions. */
function apply(config: RelabelConfig, labels: Map<string, string>): boolean {
  const regex = new RegExp(`^(?:${config.regex})$`, 'su');
  const value = config.sourceLabels.map((name) => labels.get(name) ?? '').join(config.separator);
  const set = (name: string, result: string): void => {
    if (result === '') labels.delete(name);
    else labels.set(name, result);
  };
  const expand = (template: string, match: RegExpExecArray): string =>
    template.replace(/\$(\$|\{\w+\}|\w+)/g, (_, name: string) => {
      if (name === '$') return '$';
      const group = name.replace(/[{}]/g, '');
      return /^\d+$/.test(group) ? (match[Number(group)] ?? '') : '';
    });
  const legal = (name: string): boolean =>
    config.nameValidation === 'utf8' ? name !== '' : /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
  switch (config.action) {
    case 'keep':
      return regex.test(value);
    case 'drop':
      return !regex.test(value);
    case 'keepequal':
      return (labels.get(config.targetLabel) ?? '') === value;
    case 'dropequal':
      return (labels.get(config.targetLabel) ?? '') !== value;
    case 'hashmod': {
      const hex = createHash('md5').update(value).digest('hex').slice(16);
      set(config.targetLabel, String(BigInt(`0x${hex}`) % config.modulus));
      return true;
    }
    case 'replace': {
      const match = regex.exec(value);
      if (match === null) return true;
      const name = expand(config.targetLabel, match);
      if (legal(name)) set(name, expand(config.replacement, match));
      return true;
    }
    case 'lowercase':
      set(config.targetLabel, value.toLowerCase());
      return true;
    case 'uppercase':
      set(config.targetLabel, value.toUpperCase());
      return true;
    case 'labelmap':
      for (const [name, content] of Array.from(labels)) {
        const match = regex.exec(name);
        if (match !== null) set(expand(config.replacement, match), content);
      }
      return true;
    case 'labeldrop':
    case 'labelkeep':
      for (const name of Array.from(labels.keys())) {
        if (regex.test(name) === (config.action === 'labeldrop')) labels.delete(name);
      }
      return true;
  }
}

describe('compileRelabel', () => {
  it('agrees with the plain form on one rule over any labels', () => {
    fc.assert(
      fc.property(rule, labels, (config, object) => {
        const start = Labels.fromObject(object);
        const plain = new Map(start);
        const kept = apply(config, plain);
        const want = kept ? Labels.fromEntries(plain).toObject() : undefined;
        expect(compileRelabel([config]).apply(start)?.toObject()).toEqual(want);
      }),
      { numRuns: 3000 },
    );
  });

  it('explains what it does: the last step is the result', () => {
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 6 }), labels, (configs, object) => {
        const rules = compileRelabel(configs);
        const start = Labels.fromObject(object);
        const last = rules.explain(start).at(-1);
        expect(last?.labels?.toObject()).toEqual(rules.apply(start)?.toObject());
      }),
      { numRuns: 500 },
    );
  });
});
