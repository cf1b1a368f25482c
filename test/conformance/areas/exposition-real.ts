import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  decodeIdentity,
  ExpositionError,
  parserFor,
  scanOpenMetrics,
  scanText,
} from '../../../src/formats/exposition/index.ts';
import { parseFloatText } from '../../../src/model/index.ts';
import {
  type ConformanceArea,
  type ConformanceCase,
  ConformanceFailure,
  checkSame,
} from '../area.ts';

/** Bodies that running programs served, as a scrape reads them. */
export const area: ConformanceArea = {
  name: 'exposition-real',
  notes: 'protobuf bodies (.pb) are left out: that format is not read yet',
  async cases(root) {
    const folder = join(root, 'exposition-real');
    const names = (await readdir(folder)).filter((name) => name.endsWith('.meta.json'));
    const cases: ConformanceCase[] = [];
    for (const name of names.sort()) {
      const meta = JSON.parse(await readFile(join(folder, name), 'utf8')) as Meta;
      if (!meta.file.endsWith('.pb')) cases.push(caseOf(folder, meta));
    }
    return cases;
  },
};

interface Meta {
  readonly file: string;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly sample_lines?: number;
  readonly type_lines?: number;
}

function caseOf(folder: string, meta: Meta): ConformanceCase {
  const contentType = headerOf(meta, 'content-type');
  const { parser } = parserFor(contentType);
  const bytes = async (): Promise<Uint8Array> => {
    const body = await readFile(join(folder, meta.file));
    return headerOf(meta, 'content-encoding') === 'gzip' ? gunzipSync(body) : body;
  };
  if (parser === 'none') {
    return {
      file: meta.file,
      name: `refused by its type, ${contentType ?? 'none'}`,
      async run() {
        // Taken as text all the same, it must not give samples either.
        if (refusalOf(await bytes()) === undefined) {
          throw new ConformanceFailure('refused', 'accepted as text');
        }
      },
    };
  }
  if (meta.response.status !== 200) {
    return {
      file: meta.file,
      name: `no exposition, status ${meta.response.status}`,
      async run() {
        if (refusalOf(await bytes()) === undefined) {
          throw new ConformanceFailure('refused', 'accepted');
        }
      },
    };
  }
  return {
    file: meta.file,
    name: `read as ${parser}`,
    run: async () => checkBody(meta, parser, await bytes()),
  };
}

function headerOf(meta: Meta, name: string): string | undefined {
  const found = Object.entries(meta.response.headers).find(([key]) => key.toLowerCase() === name);
  return found?.[1];
}

function refusalOf(bytes: Uint8Array): ExpositionError | undefined {
  try {
    scanText(bytes, 0, bytes.length, { sample() {} });
    return undefined;
  } catch (error) {
    if (error instanceof ExpositionError) return error;
    throw error;
  }
}

/** Counts, and every sample against a plain reading of its line. */
function checkBody(meta: Meta, parser: 'text' | 'openmetrics', bytes: Uint8Array): void {
  const got: string[] = [];
  let types = 0;
  const scan = parser === 'text' ? scanText : scanOpenMetrics;
  scan(bytes, 0, bytes.length, {
    sample(start, end, value, timestamp) {
      const labels = decodeIdentity(bytes, start, end);
      got.push(`${JSON.stringify(labels.pairs)} ${value} ${timestamp}`);
    },
    type() {
      types++;
    },
  });
  checkSame(`${got.length} samples`, `${meta.sample_lines} samples`);
  checkSame(`${types} TYPE lines`, `${meta.type_lines} TYPE lines`);
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  const wanted = lines.filter((line) => line !== '' && !line.startsWith('#')).map(readPlainly);
  for (const [index, line] of wanted.entries()) checkSame(got[index] ?? 'nothing', line);
}

// These bodies have no blanks in odd places, no timestamps, and no escapes in label values.
function readPlainly(line: string): string {
  const [, name = '', inner = '', number = ''] =
    /^([\w:]+)(?:\{(.*?)\})? (\S+)(?: # .*)?$/.exec(line) ?? [];
  const labels = [...inner.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => {
    return [key, value] as const;
  });
  const pairs = [['__name__', name] as const, ...labels].filter(([, value]) => value !== '');
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(pairs.flat())} ${parseFloatText(number)} NaN`;
}
