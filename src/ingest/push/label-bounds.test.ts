import { describe, expect, it } from 'vitest';
import { Labels } from '../../model/index.ts';
import { labelBoundProblem } from './label-bounds.ts';

describe('labelBoundProblem', () => {
  const check = (name: string, labels: Record<string, string>, want: string | undefined) =>
    it(name, () => expect(labelBoundProblem(Labels.fromObject(labels))).toBe(want));
  const many = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`l${index}`, 'x']));
  check('an ordinary set', { __name__: 'up', job: 'a' }, undefined);
  check('the largest value', { a: 'x'.repeat(16_384) }, undefined);
  check(
    'a value too long',
    { a: 'x'.repeat(16_385) },
    'the label a has 16385 characters, want at most 16384',
  );
  check(
    'a name too long',
    { ['n'.repeat(1025)]: 'x' },
    'a label name of 1025 characters, want at most 1024',
  );
  check('too many labels', many, '257 labels, want at most 256');
});
