import { jsonString } from './json-writer.ts';

/** What a successful answer of the API begins with; its `data` follows. */
export const ENVELOPE_HEAD = '{"status":"success","data":';

/** What an answer says beside its value. */
export interface Notes {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** What follows `data`. Lists of notes that are empty are left out. */
export function envelopeTail({ warnings, infos }: Notes): string {
  return `${notes('warnings', warnings)}${notes('infos', infos)}}`;
}

function notes(name: string, texts: readonly string[]): string {
  return texts.length === 0 ? '' : `,"${name}":[${texts.map(jsonString).join(',')}]`;
}
