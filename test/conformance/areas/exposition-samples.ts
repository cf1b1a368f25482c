import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  decodeIdentityPairs,
  ExpositionError,
  type ExpositionVisitor,
  scanOpenMetrics,
  scanText,
  unescapeText,
  validateText,
} from '../../../src/formats/exposition/index.ts';
import { ProtoExposition } from '../../../src/formats/exposition-proto/index.ts';
import type { MetricType } from '../../../src/model/index.ts';
import {
  type ConformanceArea,
  type ConformanceCase,
  ConformanceFailure,
  checkSame,
} from '../area.ts';

/** Exposition bodies with oddities, from the tests of several programs. */
export const area: ConformanceArea = {
  name: 'exposition-samples',
  notes: 'left out: bodies in the protobuf of OpenMetrics, which nobody sends; other dumps',
  async cases(root) {
    const folder = join(root, 'exposition-samples');
    return [
      ...(await corpusCases(folder)),
      ...(await telegrafCases(folder, 'telegraf-prometheus', 'text')),
      ...(await telegrafCases(folder, 'telegraf-openmetrics', 'openmetrics')),
      ...(await bodyCases(folder)),
      ...protobufCases(folder),
    ];
  },
};

type Format = 'text' | 'openmetrics' | 'protobuf';

/** More than any of the bodies takes as text. */
const MAX_TEXT_BYTES = 1 << 24;

/** Folders of whole bodies. */
const BODY_FOLDERS = ['prometheus-textparse', 'common-expfmt', 'promtool'];
const NO_TEXT = /^(?:protobuf|dump-(?!openmetrics))/;

/** Files with `error` in their name are to be refused by a parser of text 0.0.4, others taken. */
async function corpusCases(folder: string): Promise<ConformanceCase[]> {
  const names = await namesIn(join(folder, 'common-expfmt-corpus'));
  return names.map((name) => {
    const file = `common-expfmt-corpus/${name}`;
    const wanted = name.includes('error') ? 'refused' : 'accepted';
    return {
      file,
      name: wanted,
      async run() {
        const bytes = await readFile(join(folder, file));
        const error = refusalOf(() => validateText(bytes, 0, bytes.length));
        const got = error === undefined ? 'accepted' : 'refused';
        if (got !== wanted) throw new ConformanceFailure(wanted, error?.message ?? got);
      },
    };
  });
}

function refusalOf(check: () => void): ExpositionError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof ExpositionError) return error;
    throw error;
  }
}

async function bodyCases(folder: string): Promise<ConformanceCase[]> {
  const cases: ConformanceCase[] = [];
  for (const part of BODY_FOLDERS) {
    const names = await namesIn(join(folder, part));
    for (const name of names.filter((one) => !NO_TEXT.test(one))) {
      cases.push(countCase(folder, `${part}/${name}`));
    }
  }
  return cases;
}

async function namesIn(folder: string): Promise<string[]> {
  return existsSync(folder) ? (await readdir(folder)).sort() : [];
}

/** A body is OpenMetrics where it ends as such; each line but comments is a sample. */
function countCase(folder: string, file: string): ConformanceCase {
  return {
    file,
    name: 'samples',
    async run() {
      const body = await readFile(join(folder, file));
      const bytes = file.endsWith('.gz') ? gunzipSync(body) : body;
      const text = bytes.toString('utf8');
      const format = text.trimEnd().endsWith('\n# EOF') ? 'openmetrics' : 'text';
      const lines = text.split('\n').filter((line) => /^\s*[^#\s]/.test(line));
      checkSame(`${readSamples(bytes, format).length} samples`, `${lines.length} samples`);
    },
  };
}

/** The two forms of one body say the same. */
function protobufCases(folder: string): ConformanceCase[] {
  const names = ['protobuf', 'protobuf.gz'].filter((name) =>
    existsSync(join(folder, 'common-expfmt', name)),
  );
  return names.map((name) => ({
    file: `common-expfmt/${name}`,
    name: 'samples of the text',
    async run() {
      const body = await readFile(join(folder, 'common-expfmt', name));
      const bytes = name.endsWith('.gz') ? gunzipSync(body) : body;
      const text = await readFile(join(folder, 'common-expfmt/text'));
      const describeAll = (samples: readonly Sample[]): string =>
        linesOf(
          samples.map((one) => `${one.type} ${describe(one.name, one.labels, one.value, NaN)}`),
        );
      checkSame(
        describeAll(readSamples(bytes, 'protobuf')),
        describeAll(readSamples(text, 'text')),
      );
    },
  }));
}

interface Sample {
  readonly name: string;
  /** Without empty values. */
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly timestamp: number;
  /** The family it stands in, by its TYPE line. */
  readonly familyName: string;
  readonly type: MetricType;
}

function readSamples(body: Uint8Array, format: Format): Sample[] {
  const samples: Sample[] = [];
  let familyName = '';
  let familyType: MetricType = 'unknown';
  let bytes = body;
  const visitor: ExpositionVisitor = {
    sample(start, end, value, timestamp) {
      const pairs = decodeIdentityPairs(bytes, start, end, 0);
      const labels = new Map<string, string>();
      for (let index = 2; index < pairs.length; index += 2) {
        if (pairs[index + 1] !== '') labels.set(pairs[index]!, pairs[index + 1]!);
      }
      samples.push({ name: pairs[1]!, labels, value, timestamp, familyName, type: familyType });
    },
    type(nameStart, nameEnd, type) {
      familyName = unescapeText(bytes, nameStart, nameEnd);
      familyType = type;
    },
  };
  if (format === 'protobuf') {
    const exposition = new ProtoExposition(body, { maxTextBytes: MAX_TEXT_BYTES });
    bytes = exposition.bytes;
    exposition.scan(visitor);
  } else {
    const scan = format === 'text' ? scanText : scanOpenMetrics;
    scan(bytes, 0, bytes.length, visitor);
  }
  return samples;
}

/** Values and labels as Telegraf reads them; what it drops (type, shape) is not compared. */
async function telegrafCases(
  folder: string,
  part: string,
  format: Format,
): Promise<ConformanceCase[]> {
  const cases: ConformanceCase[] = [];
  for (const name of await namesIn(join(folder, part))) {
    const files = await readdir(join(folder, part, name));
    const isText = files.includes('input.txt');
    // Those of OpenMetrics are of another protobuf.
    if (!isText && (format === 'openmetrics' || !files.includes('input.bin'))) continue;
    const file = `${part}/${name}/input.${isText ? 'txt' : 'bin'}`;
    cases.push({
      file,
      name: 'values and labels',
      async run() {
        const samples = readSamples(
          await readFile(join(folder, file)),
          isText ? format : 'protobuf',
        );
        const wanted = await readFile(join(folder, part, name, 'expected_v2.out'), 'utf8');
        const lines = telegrafSamples(wanted, isText ? ADDED_TAGS : ADDED_TO_PROTOBUF);
        const hasTimes = lines.some(({ timestamp }) => !Number.isNaN(timestamp));
        const ours = samples
          .filter(isOfItsFamily)
          .map((sample) => describeSample(hasTimes ? sample : { ...sample, timestamp: NaN }));
        checkSame(linesOf(ours), linesOf(lines.map(({ text }) => text)));
      },
    });
  }
  return cases;
}

/**
 * Telegraf drops times of creation, or makes others of them, and a stray `_count` or `_sum` among a
 * counter's samples.
 */
function isOfItsFamily({ name, familyName, type }: Sample): boolean {
  if (name.endsWith('_created')) return false;
  return type !== 'counter' || name === familyName || !/_(?:count|sum)$/.test(name);
}

function linesOf(texts: readonly string[]): string {
  return [...texts].sort().join('\n');
}

/** A state becomes part of the name, suffixes that only say the type go, as Telegraf has it. */
function describeSample({ name, labels, value, timestamp }: Sample): string {
  const rest = new Map(labels);
  const state = rest.get(name);
  rest.delete(name);
  const base = name.replace(/_(?:total|info)$/, '');
  const whole = state === undefined ? base : `${base}_${state.replaceAll(/\W/g, '_')}`;
  return describe(whole, rest, value, timestamp);
}

function describe(
  name: string,
  labels: ReadonlyMap<string, string>,
  value: number,
  timestamp: number,
): string {
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name} ${JSON.stringify(sorted)} ${value} ${timestamp}`;
}

/** Tags that Telegraf adds to a series; a body of protobuf here has a label host itself. */
const ADDED_TAGS = new Set(['_type', 'unit', 'host', 'defaultTag']);
const ADDED_TO_PROTOBUF = new Set(['_type']);

/** Line protocol: `measurement,tag=value,… field=value,… [nanoseconds]`. */
function telegrafSamples(
  text: string,
  addedTags: ReadonlySet<string>,
): { readonly text: string; readonly timestamp: number }[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.flatMap((line) => {
    const [series = '', fields = '', time] = line.split(/(?<!\\) /);
    const tags = series
      .split(/(?<!\\),/)
      .slice(1)
      .map(readPair);
    const labels = new Map(tags.filter(([name]) => !addedTags.has(name)));
    const timestamp = time === undefined ? NaN : Number(time.slice(0, -6));
    return fields.split(/(?<!\\),/).flatMap((field) => {
      const [name, value] = readPair(field);
      if (name.endsWith('_created')) return [];
      const base = name.replace(/_(?:total|info)$/, '');
      return { text: describe(base, labels, readValue(value), timestamp), timestamp };
    });
  });
}

function readPair(text: string): readonly [string, string] {
  const equals = text.search(/(?<!\\)=/);
  const plain = (part: string): string => part.replaceAll(/\\(.)/g, '$1');
  return [plain(text.slice(0, equals)), plain(text.slice(equals + 1))];
}

function readValue(text: string): number {
  if (text === 'true' || text === 'false') return text === 'true' ? 1 : 0;
  return Number(text.replace(/[iu]$/, ''));
}
