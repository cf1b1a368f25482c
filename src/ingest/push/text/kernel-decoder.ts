import { ExpositionError, type ExpositionVisitor } from '../../../formats/index.ts';
import { type KernelBody, KernelMemoryError, type OwnerId } from '../../../kernel/index.ts';
import { NO_SERIES } from '../../../storage/api.ts';
import {
  addExemplars,
  fillInput,
  type IngestKernel,
  judgeLine,
  messageBytes,
  readExemplars,
  readNumbers,
  setNans,
} from '../../kernel/index.ts';
import { type ExpositionBody, STEP_BYTES } from '../exposition-body.ts';
import type { Offences } from '../offences.ts';
import {
  type DecodedExposition,
  type ExpositionTarget,
  refOfIdentity,
} from './exposition-target.ts';
import { MetadataCollector } from './metadata-collector.ts';

const NEWLINE = 0x0a;
const EOF_LINE = Buffer.from('# EOF\n');

/**
 * Fills an appender from a body of text through the kernel, some lines at a time. The body is known
 * to be right; what the kernel does not take even so is for `ExpositionDecoder`.
 */
export class KernelDecoder implements DecodedExposition {
  received = 0;
  readonly skipped = new Set<number>();
  readonly #body: ExpositionBody;
  readonly #target: ExpositionTarget;
  readonly #offences: Offences;
  readonly #metadata: MetadataCollector;
  readonly #readLine: (line: Uint8Array) => ExpositionVisitor;

  constructor(body: ExpositionBody, target: ExpositionTarget, offences: Offences) {
    this.#body = body;
    this.#target = target;
    this.#offences = offences;
    const metadata = new MetadataCollector(body.format, body.bytes);
    this.#metadata = metadata;
    this.#readLine = (line) => {
      metadata.bytes = line;
      return metadata;
    };
  }

  /**
   * Resolves with whether the whole body went in; if not, the appender is of no use.
   * @throws PushRefusedError where a label set is too large.
   */
  async decode(
    kernel: IngestKernel,
    ownerOf: () => OwnerId,
    pause: () => Promise<void>,
  ): Promise<boolean> {
    const { bytes } = this.#body;
    try {
      for (let start = 0, end = 0; start < bytes.length; start = end) {
        if (start > 0) await pause();
        end = lineEndNear(bytes, start + STEP_BYTES);
        const part = bytes.subarray(start, end);
        if (!kernel.use((body) => this.#decodePart(body, part, ownerOf()))) return false;
      }
    } catch (error) {
      if (error instanceof KernelMemoryError || error instanceof ExpositionError) return false;
      throw error;
    }
    this.#metadata.appendTo(this.#target.appender);
    return true;
  }

  #decodePart(body: KernelBody, part: Uint8Array, owner: OwnerId): boolean {
    const { format } = this.#body;
    const { appender, timestamp } = this.#target;
    const isLast = part.byteOffset + part.length === endOf(this.#body.bytes);
    fillInput(body, part, format === 'openmetrics' && !isLast ? EOF_LINE : undefined);
    body.useInput();
    if (!body.scanText(owner, { format, defaultTimestamp: timestamp }).ok) return false;
    readNumbers(body);
    const exemplars = readExemplars(body, format);
    if (exemplars === undefined || !this.#resolve(body)) return false;
    addExemplars(body, exemplars, appender);
    this.received += body.columns().length;
    body.seal();
    const columns = body.columns();
    setNans(columns);
    appender.samples.addColumns(columns, 0, columns.length);
    return true;
  }

  #resolve(body: KernelBody): boolean {
    const count = body.unknownCount;
    const offset = body.message().start;
    for (let index = 0; index < count; index++) {
      const unknown = body.unknown(index);
      const start = unknown.start - offset;
      const end = unknown.end - offset;
      const bytes = messageBytes(body);
      if (unknown.sampleCount === 0) {
        // Not resolved, so that every push says it anew: others may have said otherwise meanwhile.
        if (!judgeLine(this.#body.format, bytes, { start, end }, this.#readLine)) return false;
        continue;
      }
      const ref = refOfIdentity(this.#target, bytes, start, end);
      if (ref === NO_SERIES) this.#skip(unknown.firstSample);
      else body.resolve(index, ref);
    }
    return true;
  }

  #skip(sample: number): void {
    this.skipped.add(this.received + sample);
    this.#offences.add('series_limit', 1);
  }
}

/** Where the line ends, its newline included, that is at `position`. */
function lineEndNear(bytes: Uint8Array, position: number): number {
  const newline = position >= bytes.length ? -1 : bytes.indexOf(NEWLINE, position);
  return newline < 0 ? bytes.length : newline + 1;
}

function endOf(bytes: Uint8Array): number {
  return bytes.byteOffset + bytes.length;
}
