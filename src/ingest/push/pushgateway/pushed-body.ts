import {
  decodeIdentity,
  type NativeExpositionVisitor,
  unescapeHelp,
} from '../../../formats/index.ts';
import {
  type FloatHistogram,
  type Labels,
  METRIC_NAME,
  type MetricType,
} from '../../../model/index.ts';
import { type ExpositionBody, finishInTurns, type FormatName } from '../exposition-body.ts';
import { refuseTooLarge } from '../label-bounds.ts';
import { groupSample, type HeldFamily, type PushedType } from './group.ts';
import type { Grouping } from './grouping.ts';
import { missingInfinityBuckets } from './infinity-buckets.ts';

/** A pushed body, read and put together by family, before a group's labels are added. */
export interface PushedBody {
  readonly hasTimestamps: boolean;
  /** Whether a series is there twice. */
  readonly hasRepeats: boolean;
  readonly sampleCount: number;
  /** The families as those of a group, with its labels. Families without samples are none. */
  familiesFor(grouping: Grouping, pushedMs: number): Map<string, HeldFamily>;
}

/**
 * Reads an exposition body. OpenMetrics families become those of the text format, which the gateway
 * exposes: a counter is named with its `_total`, infos and state sets are gauges, `_created` lines
 * are gauges of their own.
 *
 * @throws ExpositionError where it is malformed.
 */
export async function readPushedBody(
  body: ExpositionBody,
  pause: () => Promise<void>,
): Promise<PushedBody> {
  const collector = new FamilyCollector(body);
  await finishInTurns(body.scan(collector), pause);
  return collector;
}

interface CollectedFamily {
  readonly name: string;
  readonly type: PushedType;
  readonly help: string;
  readonly samples: CollectedSample[];
}

interface CollectedSample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number | FloatHistogram;
}

interface Declaration {
  type: MetricType;
  help: string;
}

class FamilyCollector implements NativeExpositionVisitor, PushedBody {
  hasTimestamps = false;
  hasRepeats = false;
  sampleCount = 0;
  readonly #bytes: Uint8Array;
  readonly #format: FormatName;
  readonly #declared = new Map<string, Declaration>();
  readonly #families = new Map<string, CollectedFamily>();
  readonly #seen = new Set<string>();

  constructor({ bytes, format }: ExpositionBody) {
    this.#bytes = bytes;
    this.#format = format;
  }

  sample(identityStart: number, identityEnd: number, value: number, timestamp: number): void {
    this.#add(identityStart, identityEnd, value, timestamp);
  }

  nativeHistogram(
    identityStart: number,
    identityEnd: number,
    histogram: FloatHistogram,
    timestamp: number,
  ): void {
    this.#add(identityStart, identityEnd, histogram, timestamp);
  }

  #add(start: number, end: number, value: number | FloatHistogram, timestamp: number): void {
    if (!Number.isNaN(timestamp)) this.hasTimestamps = true;
    this.sampleCount++;
    const labels = decodeIdentity(this.#bytes, start, end, 0);
    refuseTooLarge(labels);
    const name = labels.get(METRIC_NAME);
    if (this.#seen.has(labels.key)) this.hasRepeats = true;
    this.#seen.add(labels.key);
    this.#familyOf(name).samples.push({ name, labels, value });
  }

  type(nameStart: number, nameEnd: number, type: MetricType): void {
    // Text has no gauge histograms; those of protobuf have the parts of a histogram there.
    const isHistogram = type === 'gaugehistogram' && this.#format === 'text';
    this.#declare(nameStart, nameEnd).type = isHistogram ? 'histogram' : type;
  }

  help(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    const text = unescapeHelp(this.#bytes, textStart, textEnd, this.#format);
    this.#declare(nameStart, nameEnd).help = text;
  }

  familiesFor(grouping: Grouping, pushedMs: number): Map<string, HeldFamily> {
    const families = new Map<string, HeldFamily>();
    for (const { name, type, help, samples } of this.#families.values()) {
      const missing = type === 'histogram' ? missingInfinityBuckets(name, samples) : [];
      const grouped = [...samples, ...missing].map((sample) =>
        groupSample(grouping, sample.name, sample.labels, sample.value),
      );
      families.set(name, { name, type, help, samples: grouped, pushedMs });
    }
    return families;
  }

  #declare(nameStart: number, nameEnd: number): Declaration {
    const name = unescapeHelp(this.#bytes, nameStart, nameEnd, 'openmetrics');
    let declaration = this.#declared.get(name);
    if (declaration === undefined) {
      declaration = { type: 'unknown', help: '' };
      this.#declared.set(name, declaration);
    }
    return declaration;
  }

  #familyOf(sampleName: string): CollectedFamily {
    const [declaredName, declaration] = this.#declarationOf(sampleName);
    const isWhole = declaration?.type === 'histogram' || declaration?.type === 'summary';
    const isPart = !sampleName.endsWith('_created') || sampleName === declaredName;
    const name = isWhole && isPart ? declaredName : sampleName;
    let family = this.#families.get(name);
    if (family === undefined) {
      const type = isPart ? pushedTypeOf(declaration?.type) : 'gauge';
      family = { name, type, help: declaration?.help ?? '', samples: [] };
      this.#families.set(name, family);
    }
    return family;
  }

  #declarationOf(sampleName: string): [name: string, declaration: Declaration | undefined] {
    const exact = this.#declared.get(sampleName);
    if (exact !== undefined) return [sampleName, exact];
    const mark = sampleName.lastIndexOf('_');
    const base = sampleName.slice(0, Math.max(0, mark));
    const declaration = this.#declared.get(base);
    const suffix = sampleName.slice(base.length);
    if (declaration !== undefined && suffixesOf(declaration.type, this.#format).includes(suffix)) {
      return [base, declaration];
    }
    return [sampleName, undefined];
  }
}

/** Suffixes with which a family's samples are named. */
function suffixesOf(type: MetricType, format: FormatName): readonly string[] {
  const created = format === 'openmetrics' ? ['_created'] : [];
  switch (type) {
    case 'histogram':
      return ['_bucket', '_sum', '_count', ...created];
    case 'summary':
      return ['_sum', '_count', ...created];
    case 'counter':
      return format === 'openmetrics' ? ['_total', ...created] : [];
    case 'info':
      return ['_info'];
    case 'gaugehistogram':
      return ['_bucket', '_gsum', '_gcount'];
    case 'gauge':
    case 'stateset':
    case 'unknown':
      return [];
  }
}

function pushedTypeOf(type: MetricType | undefined): PushedType {
  switch (type) {
    case 'counter':
    case 'gauge':
    case 'histogram':
    case 'summary':
      return type;
    case 'info':
    case 'stateset':
      return 'gauge';
    case 'gaugehistogram':
    case 'unknown':
    case undefined:
      return 'unknown';
  }
}
