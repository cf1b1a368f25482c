import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Labels } from '../../model/index.ts';
import { relabelSchema, resolveRelabel } from './options.ts';
import type { NameValidation } from './relabel-config.ts';
import { compileRelabel, type RelabelRules } from './relabel-rules.ts';

type LabelObject = Record<string, string>;

function compile(rules: readonly object[], names: NameValidation = 'utf8'): RelabelRules {
  return compileRelabel(rules.map((rule) => resolveRelabel(relabelSchema.parse(rule), names)));
}

function check(input: LabelObject, rules: readonly object[], want: LabelObject | undefined): void {
  const got = compile(rules).apply(Labels.fromObject(input));
  expect(got?.toObject()).toEqual(want);
}

describe('replace', () => {
  it('copies the joined source labels', () => {
    check({ a: '1', b: '2' }, [{ source_labels: ['a', 'b'], target_label: 'c' }], {
      a: '1',
      b: '2',
      c: '1;2',
    });
    const rule = { source_labels: ['a', 'x', 'b'], separator: '-', target_label: 'c' };
    check({ a: '1', b: '2' }, [rule], { a: '1', b: '2', c: '1--2' });
  });

  it('writes groups by number and by name, into the target too', () => {
    check(
      { a: 'foo-bar' },
      [
        {
          source_labels: ['a'],
          regex: '(\\w+)-(?P<rest>\\w+)',
          target_label: '${rest}_$1',
          replacement: '$rest/${1}$$',
        },
      ],
      { a: 'foo-bar', bar_foo: 'bar/foo$' },
    );
  });

  it('leaves all as it is where the expression does not match the whole text', () => {
    check({ a: 'xfoox' }, [{ source_labels: ['a'], regex: 'foo', target_label: 'b' }], {
      a: 'xfoox',
    });
    check({ a: 'foo' }, [{ source_labels: ['a'], regex: 'foo', target_label: 'b' }], { a: 'foo' });
  });

  it('removes the target where the result is empty', () => {
    check({ a: 'x', b: 'y' }, [{ source_labels: ['a'], target_label: 'b', replacement: '' }], {
      a: 'x',
    });
    check({ a: 'x', b: 'y' }, [{ source_labels: ['none'], target_label: 'b' }], { a: 'x' });
  });

  it('sets plain text without sources, and not where an empty value fails to match', () => {
    check({ a: 'x' }, [{ target_label: 'b', replacement: 'static' }], { a: 'x', b: 'static' });
    check({ a: 'x' }, [{ target_label: 'b', replacement: 's', regex: '.+' }], { a: 'x' });
    check({ a: 'x' }, [{ target_label: 'b', replacement: 's', regex: null }], { a: 'x', b: 's' });
  });

  it('writes no target whose name is not legal', () => {
    check({ a: '', b: '1' }, [{ source_labels: ['b'], target_label: '$2', replacement: 'v' }], {
      b: '1',
    });
    const rule = { source_labels: ['b'], target_label: 'x${1}', replacement: 'v' };
    const legacy = compile([{ ...rule, regex: '(.*)' }], 'legacy');
    expect(legacy.apply(Labels.fromObject({ b: '-' }))?.toObject()).toEqual({ b: '-' });
    expect(
      compile([rule])
        .apply(Labels.fromObject({ b: '-' }))
        ?.get('x-'),
    ).toBe('v');
  });

  it('lets `.` match a newline and takes RE2 syntax', () => {
    check({ a: 'x\ny' }, [{ source_labels: ['a'], target_label: 'b' }], { a: 'x\ny', b: 'x\ny' });
    check({ a: 'FOO' }, [{ source_labels: ['a'], regex: '(?i)f(o+)', target_label: 'b' }], {
      a: 'FOO',
      b: 'OO',
    });
  });

  it('uses the value that earlier rules wrote', () => {
    check(
      { a: '1' },
      [
        { source_labels: ['a'], target_label: 'b', replacement: '${1}2' },
        { source_labels: ['b'], target_label: 'c', replacement: '${1}3' },
      ],
      { a: '1', b: '12', c: '123' },
    );
  });

  it('knows UTF-8 label names', () => {
    check({ 'my.label': 'v' }, [{ source_labels: ['my.label'], target_label: 'ünïcode' }], {
      'my.label': 'v',
      ünïcode: 'v',
    });
  });
});

describe('keep and drop', () => {
  it('keeps what matches', () => {
    check({ a: 'foo' }, [{ source_labels: ['a'], regex: 'foo|bar', action: 'keep' }], { a: 'foo' });
    check({ a: 'fo' }, [{ source_labels: ['a'], regex: 'foo|bar', action: 'keep' }], undefined);
    check({ a: 'a' }, [{ source_labels: ['none'], regex: '.+', action: 'keep' }], undefined);
  });

  it('drops what matches, and runs no rule after that', () => {
    check({ a: 'foo' }, [{ source_labels: ['a'], regex: 'f.*', action: 'DROP' }], undefined);
    check({ a: 'x' }, [{ source_labels: ['a'], regex: 'f.*', action: 'drop' }], { a: 'x' });
  });

  it('compares with another label', () => {
    const keep = { source_labels: ['a'], target_label: 'b', action: 'keepequal' };
    check({ a: '1', b: '1' }, [keep], { a: '1', b: '1' });
    check({ a: '1', b: '2' }, [keep], undefined);
    const drop = { source_labels: ['a'], target_label: 'b', action: 'dropequal' };
    check({ a: '1', b: '1' }, [drop], undefined);
    check({ a: '1', b: '2' }, [drop], { a: '1', b: '2' });
    check({ c: '1' }, [drop], undefined);
  });
});

describe('hashmod', () => {
  it('takes the last 8 bytes of the MD5, big endian', () => {
    const digest = createHash('md5').update('foo;bar').digest('hex');
    const want = String(BigInt(`0x${digest.slice(16)}`) % 1000n);
    check(
      { a: 'foo', b: 'bar' },
      [{ source_labels: ['a', 'b'], modulus: 1000, target_label: 'h', action: 'hashmod' }],
      { a: 'foo', b: 'bar', h: want },
    );
  });

  it('gives the values that Prometheus gives', () => {
    // From its own relabelling tests: foo, bar, baz joined and taken modulo 1000.
    check(
      { a: 'foo', b: 'bar', c: 'baz' },
      [
        {
          source_labels: ['c'],
          target_label: 'd',
          separator: ';',
          action: 'hashmod',
          modulus: 1000,
        },
      ],
      { a: 'foo', b: 'bar', c: 'baz', d: '976' },
    );
    check(
      { a: 'foo\nbar' },
      [
        {
          source_labels: ['a'],
          target_label: 'b',
          separator: ';',
          action: 'hashmod',
          modulus: 1000,
        },
      ],
      { a: 'foo\nbar', b: '734' },
    );
  });
});

describe('label maps, drops and keeps', () => {
  it('copies labels to names made of the match', () => {
    check(
      { __meta_my_a: '1', __meta_my_b: '2', c: '3' },
      [{ regex: '__meta_(my.*)', replacement: '${1}', action: 'labelmap' }],
      { __meta_my_a: '1', __meta_my_b: '2', c: '3', my_a: '1', my_b: '2' },
    );
  });

  it('lets the later of two labels win that map to one name', () => {
    check({ a1: 'x', a2: 'y' }, [{ regex: 'a.', replacement: 'b', action: 'labelmap' }], {
      a1: 'x',
      a2: 'y',
      b: 'y',
    });
    check(
      { a1: 'x', a2: 'y' },
      [
        { target_label: 'a1', replacement: 'changed' },
        { regex: 'a.', replacement: 'b', action: 'labelmap' },
      ],
      { a1: 'changed', a2: 'y', b: 'changed' },
    );
  });

  it('drops and keeps labels by name', () => {
    const labels = { foo: '1', bar: '2', foobar: '3' };
    check(labels, [{ regex: 'foo', action: 'labeldrop' }], { bar: '2', foobar: '3' });
    check(labels, [{ regex: 'foo.*', action: 'labelkeep' }], { foo: '1', foobar: '3' });
  });
});

describe('lowercase and uppercase', () => {
  it('maps letter by letter', () => {
    const labels = { a: 'aBç', b: 'Straße' };
    check(labels, [{ source_labels: ['a'], target_label: 'c', action: 'uppercase' }], {
      ...labels,
      c: 'ABÇ',
    });
    check(labels, [{ source_labels: ['b'], target_label: 'c', action: 'uppercase' }], {
      ...labels,
      c: 'STRAßE',
    });
    check({ a: 'ΑΣ İ' }, [{ source_labels: ['a'], target_label: 'a', action: 'lowercase' }], {
      a: 'ας i'.replace('ς', 'σ'),
    });
    check({ a: 'ᾳ' }, [{ source_labels: ['a'], target_label: 'a', action: 'uppercase' }], {
      a: 'ᾼ',
    });
  });

  it('removes the target for an empty value', () => {
    check({ a: 'x' }, [{ source_labels: ['b'], target_label: 'a', action: 'lowercase' }], {});
  });
});

describe('explain', () => {
  it('gives the labels after each rule, up to the one that drops', () => {
    const steps = compile([
      { target_label: 'b', replacement: '1' },
      { source_labels: ['b'], regex: '1', action: 'drop' },
      { target_label: 'c', replacement: '2' },
    ]).explain(Labels.fromObject({ a: '0' }));
    expect(steps.map((step) => step.labels?.toObject())).toEqual([{ a: '0', b: '1' }, undefined]);
    expect(steps.map((step) => step.config.action)).toEqual(['replace', 'drop']);
  });
});

describe('apply', () => {
  it('gives the same object where no rule changed anything', () => {
    const labels = Labels.fromObject({ a: '1' });
    const rules = compile([{ source_labels: ['a'], regex: '2', action: 'drop' }]);
    expect(rules.apply(labels)).toBe(labels);
    expect(compile([]).apply(labels)).toBe(labels);
  });
});
