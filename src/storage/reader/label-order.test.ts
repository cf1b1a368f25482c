import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../../model/index.ts';
import type { PairSource } from './label-columns.ts';
import { LabelColumnsBuilder } from './label-columns.ts';
import { sortTexts } from './label-order.ts';

/** Surrogates sort elsewhere in UTF-8 than in UTF-16. */
const text = fc.constantFrom('a', 'b', 'aa', 'é', '\ue000', '\u{1f600}', 'z9');
const labelSets = fc.array(
  fc.dictionary(text, text, { maxKeys: 4 }).map((object) => Labels.fromObject(object)),
  { maxLength: 30 },
);

function columnsOf(sets: readonly Labels[], isOrdered = true) {
  const builder = new LabelColumnsBuilder(true);
  for (const { pairs } of sets) builder.addTexts(pairs);
  return builder.build(isOrdered);
}

test('label sets come in the order of their labels', () => {
  fc.assert(
    fc.property(labelSets, (sets) => {
      const columns = columnsOf(sets);
      expect(columns.list()).toEqual(sets.toSorted((a, b) => a.compare(b)));
      const places = Array.from(sets, (_, index) => columns.place(index));
      expect(places.map((place) => sets[place])).toEqual(columns.list());
      expect(places.toSorted((a, b) => a - b)).toEqual([...sets.keys()]);
    }),
  );
});

test('sets with more in them than one number can tell are ordered too', () => {
  const count = 2000;
  const names = ['a', 'b', 'c', 'd', 'e'];
  const sets = Array.from({ length: count }, (_, index) =>
    Labels.fromEntries(names.map((name, at) => [name, `${(index * (7 + 2 * at)) % count}`])),
  );
  expect(columnsOf(sets).list()).toEqual(sets.toSorted((a, b) => a.compare(b)));
});

test('without an order they stay as they came', () => {
  const sets = ['b', 'a', 'c'].map((value) => Labels.fromObject({ x: value }));
  expect(columnsOf(sets, false).list()).toEqual(sets);
  expect(columnsOf(sets, false).list(2)).toEqual(sets.slice(0, 2));
});

test('groups are those of the labels', () => {
  fc.assert(
    fc.property(labelSets, fc.uniqueArray(text, { maxLength: 3 }), fc.boolean(), (...given) => {
      const [plain, names, without] = given;
      const sets = plain.map((labels, index) => labels.with('__name__', `m${index % 2}`));
      const columns = columnsOf(sets);
      const { groupOf, labels } = columns.groups(names, without);
      const named = new Set(without ? [...names, '__name__'] : names);
      for (let index = 0; index < columns.length; index++) {
        const all = columns.labels(index);
        expect(labels[groupOf[index]!]).toEqual(without ? all.without(named) : all.only(named));
        expect(columns.metricName(index)).toBe(all.metricName);
      }
      expect(new Set(labels.map(({ key }) => key)).size).toBe(labels.length);
    }),
  );
});

test('pairs of several sources that have the same texts are one', () => {
  const source = (first: number): PairSource => ({
    pairNumbers: Uint32Array.of(first, first + 1),
    readSet: (set) => set,
    pairName: (pair) => (pair === first ? 'a' : 'b'),
    pairValue: () => 'x',
  });
  const builder = new LabelColumnsBuilder(true);
  builder.addSet(source(40), 2);
  builder.addSet(source(7), 1);
  builder.addSet(source(7), 2);
  const columns = builder.build(true);
  const [one, both] = [Labels.fromObject({ a: 'x' }), Labels.fromObject({ a: 'x', b: 'x' })];
  expect(columns.list()).toEqual([one, both, both]);
  expect([...columns.groups(['b'], false).groupOf]).toEqual([0, 1, 1]);
});

test('texts sort by their bytes', () => {
  expect(sortTexts(['\u{1f600}', '\ue000', 'b', 'a'])).toEqual(['a', 'b', '\ue000', '\u{1f600}']);
  expect(sortTexts(['é', 'b', 'ba', 'a'])).toEqual(['a', 'b', 'ba', 'é']);
});
