import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../../src/model/index.ts';

const labels = fc
  .dictionary(
    fc.constantFrom('a', 'agent', 'b', 'é', '￿', '😀', 'z'),
    fc.constantFrom('', 'x', 'y'),
  )
  .map((object) => Labels.fromObject(object));

test('labels put over others are those of both, the later ones where both have a name', () => {
  fc.assert(
    fc.property(labels, labels, (under, over) => {
      const want = Labels.fromPairs([...under.pairs, ...over.pairs]);
      expect(under.withAll(over).pairs).toEqual(want.pairs);
    }),
  );
});
