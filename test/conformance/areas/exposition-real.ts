import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  decodeIdentity,
  ExpositionError,
  scanOpenMetrics,
  scanText,
} from '../../../src/formats/exposition/index.ts';
import {
  ExpositionProtoError,
  ProtoExposition,
} from '../../../src/formats/exposition-proto/index.ts';
import { ScrapeError } from '../../../src/ingest/pull/errors.ts';
import { bodyFormat, type TextFormat } from '../../../src/ingest/pull/loop/body-format.ts';
import { parseFloatText } from '../../../src/model/index.ts';
import { describeFamilies, describeMessages, readFamilies } from '../../support/metric-families.ts';
import {
  type ConformanceArea,
  type ConformanceCase,
  ConformanceFailure,
  checkSame,
} from '../area.ts';

/** Bodies that running programs served, as a scrape reads them. */
export const area: ConformanceArea = {
  name: 'exposition-real',
  async cases(root) {
    const folder = join(root, 'exposition-real');
    const names = (await readdir(folder)).filter((name) => name.endsWith('.meta.json'));
    const cases: ConformanceCase[] = [];
    for (const name of names.sort()) {
      const meta = JSON.parse(await readFile(join(folder, name), 'utf8')) as Meta;
      if (meta.file.endsWith('.pb')) cases.push(...(await protobufCases(folder, meta)));
      else cases.push(caseOf(folder, meta));
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

/** The scan of text that a scrape chooses, if any. */
function parserOf(contentType: string | undefined): TextFormat | 'none' {
  try {
    const format = bodyFormat(contentType ?? '', undefined);
    return format === 'protobuf' ? 'none' : format;
  } catch (error) {
    if (error instanceof ScrapeError) return 'none';
    throw error;
  }
}

function caseOf(folder: string, meta: Meta): ConformanceCase {
  const contentType = headerOf(meta, 'content-type');
  const parser = parserOf(contentType);
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

/** More than any of the bodies takes as text. */
const MAX_TEXT_BYTES = 1 << 24;

/**
 * A body in protobuf: as protobufjs reads it, cut off anywhere refused, and with as many samples
 * and families as the same program's body of text. The sidecars of these count nothing.
 */
async function protobufCases(folder: string, meta: Meta): Promise<ConformanceCase[]> {
  const { file } = meta;
  const read = async (): Promise<ProtoExposition> =>
    new ProtoExposition(await readFile(join(folder, file)), { maxTextBytes: MAX_TEXT_BYTES });
  const cases: ConformanceCase[] = [
    {
      file,
      name: 'as protobufjs reads it',
      async run() {
        const exposition = await read();
        exposition.validate();
        const wanted = describeMessages(readFamilies(await readFile(join(folder, file))));
        checkSame(describeFamilies(exposition.families).join('\n'), wanted.join('\n'));
      },
    },
    { file, name: 'refused where it is cut off', run: async () => checkCut(folder, meta) },
  ];
  const textMeta = join(folder, file.replace(/\.[^.]+\.pb$/, '.prom3.meta.json'));
  if (!existsSync(textMeta)) return cases;
  const text = JSON.parse(await readFile(textMeta, 'utf8')) as Meta;
  const countsAsText = async (): Promise<void> => {
    const { families } = await read();
    const samples = families.reduce((sum, family) => sum + family.samples.length, 0);
    checkSame(`${samples} samples`, `${text.sample_lines} samples`);
    checkSame(`${families.length} TYPE lines`, `${text.type_lines} TYPE lines`);
  };
  return [...cases, { file, name: `counts of ${text.file}`, run: countsAsText }];
}

async function checkCut(folder: string, meta: Meta): Promise<void> {
  const bytes = await readFile(join(folder, meta.file));
  const starts = new Set(
    new ProtoExposition(bytes, { maxTextBytes: MAX_TEXT_BYTES }).families.map(
      ({ offset }) => offset,
    ),
  );
  // A prime, so that the cuts fall on all kinds of places.
  for (let end = 1; end < bytes.length; end += 41) {
    let error: unknown;
    try {
      new ProtoExposition(bytes.subarray(0, end), { maxTextBytes: MAX_TEXT_BYTES });
    } catch (thrown) {
      error = thrown;
    }
    const isRefused = error instanceof ExpositionProtoError;
    if (isRefused === starts.has(end) || (error !== undefined && !isRefused)) {
      throw new ConformanceFailure(`refused, cut off at ${end}`, String(error));
    }
  }
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
