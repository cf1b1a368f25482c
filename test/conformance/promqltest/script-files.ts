import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, parseScript } from './script.ts';

export interface ScriptFile {
  /** The file's name within the area. */
  readonly name: string;
  readonly commands: readonly Command[];
}

/** All scripts of a folder, in order of their names. */
export function readScripts(folder: string): readonly ScriptFile[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.test'));
  return names.sort().map((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    return { name, commands: parseScript(text) };
  });
}
