import { parseDuration } from '../../../model/index.ts';
import { PushRefusedError } from '../errors.ts';
import type { RunPush } from './one-shot-jobs.ts';

const NAMES = ['job', 'run_id', 'seq', 'final', 'schedule', 'instance'] as const;
type Name = (typeof NAMES)[number];

const TEXT_BYTES_MAX = 256;

/** What the query of a one-shot push says. */
export interface OneShotParameters {
  readonly push: RunPush;
  /** Labels of every sample: name, value, …, sorted. */
  readonly labelPairs: readonly string[];
}

/** Reads the query. @throws PushRefusedError (400) naming the parameter at fault. */
export function parseOneShot(query: string): OneShotParameters {
  const given = new URLSearchParams(query);
  for (const name of given.keys()) {
    if (!(NAMES as readonly string[]).includes(name)) {
      throw refused(name, `is not known, wanted ${NAMES.join(', ')}`);
    }
    if (given.getAll(name).length > 1) throw refused(name, 'is there twice, wanted one value');
  }
  const text = (name: Name): string => given.get(name) ?? '';
  const job = textOf(text, 'job');
  const instance = text('instance');
  return {
    push: {
      job,
      runId: textOf(text, 'run_id'),
      seq: seqOf(text('seq')),
      isFinal: finalOf(text('final')),
      scheduleMs: scheduleOf(text('schedule')),
    },
    labelPairs: instance === '' ? ['job', job] : ['instance', instance, 'job', job],
  };
}

function textOf(text: (name: Name) => string, name: Name): string {
  const value = text(name);
  if (value === '') throw refused(name, 'is missing');
  const sizeBytes = Buffer.byteLength(value);
  if (sizeBytes <= TEXT_BYTES_MAX) return value;
  throw refused(name, `has ${sizeBytes} bytes, wanted at most ${TEXT_BYTES_MAX}`);
}

function seqOf(text: string): number {
  const seq = Number(text);
  if (/^\d{1,15}$/.test(text) && Number.isSafeInteger(seq)) return seq;
  throw refused('seq', `is ${JSON.stringify(text.slice(0, 40))}, wanted a whole number from 0 on`);
}

function finalOf(text: string): boolean {
  if (text === '' || text === 'false') return false;
  if (text === 'true') return true;
  throw refused('final', `is ${JSON.stringify(text.slice(0, 40))}, wanted true or false`);
}

function scheduleOf(text: string): number | undefined {
  if (text === '') return undefined;
  const scheduleMs = parseDuration(text);
  if (scheduleMs !== undefined && scheduleMs >= 0) return scheduleMs;
  throw refused('schedule', `is ${JSON.stringify(text.slice(0, 40))}, wanted a duration as 1h`);
}

function refused(name: string, problem: string): PushRefusedError {
  const text = `parameter ${JSON.stringify(name.slice(0, 80))} ${problem}`;
  return new PushRefusedError(400, 'bad_parameter', text);
}
