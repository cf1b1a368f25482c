import { expect, test } from 'vitest';
import { seededRandom } from '../../util/index.ts';
import { NO_PLACE, PlacesById } from './places-by-id.ts';

test('ids close together and far apart are found, and those that were taken out are not', () => {
  const places = new PlacesById();
  const expected = new Map<number, number>();
  const random = seededRandom(7);
  const FAR = [2 ** 31, 2 ** 32 - 2, 1e9, 65_536];
  for (let step = 0; step < 20_000; step++) {
    const near = Math.floor(random() * (step / 4 + 20));
    const id = random() < 0.01 ? (FAR[step % FAR.length] ?? 0) : near;
    if (random() < 0.3) {
      places.set(id, NO_PLACE);
      expected.delete(id);
    } else {
      places.set(id, step);
      expected.set(id, step);
    }
    const asked = random() < 0.5 ? id : Math.floor(random() * (step / 4 + 40));
    expect(places.get(asked)).toBe(expected.get(asked) ?? NO_PLACE);
  }
  for (const [id, place] of expected) expect(places.get(id)).toBe(place);
});
