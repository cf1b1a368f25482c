import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  decodeIdentity,
  ExpositionError,
  scanOpenMetrics,
  validateOpenMetrics,
} from '../../../src/formats/exposition/index.ts';
import { type ConformanceArea, type ConformanceCase, ConformanceFailure } from '../area.ts';

/** Bodies that an OpenMetrics parser must accept, and bodies that a strict one must refuse. */
export const area: ConformanceArea = {
  name: 'openmetrics-parser',
  notes: 'the scan of scrapes takes the bad bodies that src/formats/exposition/README.md lists',
  async cases(root) {
    const folder = join(root, 'openmetrics-parser');
    const good = await bodiesOf(folder, 'good');
    const bad = await bodiesOf(folder, 'bad');
    return [
      ...good.map((file) => acceptCase(folder, file, 'strict', validateOpenMetrics)),
      ...good.map((file) => acceptCase(folder, file, 'scan', scan)),
      ...bad.map((file) => refuseCase(folder, file)),
    ];
  },
};

type Check = (bytes: Uint8Array, start: number, end: number) => void;

async function bodiesOf(folder: string, kind: 'good' | 'bad'): Promise<string[]> {
  const names = (await readdir(join(folder, kind))).filter((name) => name.endsWith('.txt'));
  return names.sort().map((name) => `${kind}/${name}`);
}

/** What a scrape does: every line, and the labels of every series. */
function scan(bytes: Uint8Array, start: number, end: number): void {
  scanOpenMetrics(bytes, start, end, {
    sample(identityStart, identityEnd) {
      decodeIdentity(bytes, identityStart, identityEnd, start);
    },
    exemplar() {
      // Decoded before it is given.
    },
  });
}

function acceptCase(folder: string, file: string, name: string, check: Check): ConformanceCase {
  return {
    file,
    name: `${name} accepts it`,
    async run() {
      const error = errorOf(check, await readFile(join(folder, file)));
      if (error !== undefined) throw new ConformanceFailure('accepted', error.message);
    },
  };
}

function refuseCase(folder: string, file: string): ConformanceCase {
  return {
    file,
    name: 'strict refuses it',
    async run() {
      const error = errorOf(validateOpenMetrics, await readFile(join(folder, file)));
      if (error === undefined) throw new ConformanceFailure('refused', 'accepted');
    },
  };
}

function errorOf(check: Check, bytes: Uint8Array): ExpositionError | undefined {
  try {
    check(bytes, 0, bytes.length);
    return undefined;
  } catch (error) {
    if (error instanceof ExpositionError) return error;
    throw error;
  }
}
