import type { z } from 'zod';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { findDeadFiles, programEntries } from './dead-files.ts';
import { checkDocument, checkManifest, subcommandNames } from './documents.ts';
import { checkImports } from './layers.ts';
import {
  checkFileLength,
  checkFunctions,
  checkLongFunctions,
  type LongFunctions,
} from './lengths.ts';
import longFunctions from './long-functions.json' with { type: 'json' };
import { fileKey } from '../../src/config/file-form.ts';
import { optionFields } from './options.ts';
import {
  absolute,
  describeProblems,
  exists,
  isSource,
  type Problem,
  readProject,
  toSource,
} from './project.ts';
import { checkTracked } from './tracked.ts';
import { checkComments, checkName, checkWords } from './words.ts';

const files = readProject();
const sources = files.filter(isSource).map(toSource);
const allowed: LongFunctions = longFunctions;

function expectNone(problems: readonly Problem[]): void {
  expect(describeProblems(problems)).toBe('');
}

describe('the checkout', () => {
  test('imports point down, and through doors', () => {
    const dependencies = new Set(Object.keys(manifest.dependencies));
    expectNone(sources.flatMap((file) => checkImports(file, dependencies)));
  });

  test('files and comment lines are short enough', () => {
    expectNone(sources.flatMap(checkFileLength));
  });

  test('functions are short enough, or say why not', () => {
    expectNone(sources.flatMap((file) => checkFunctions(file, allowed)));
    expectNone(checkLongFunctions(sources, allowed));
  });

  test('nothing is left over, and names say what they name', () => {
    expectNone(files.flatMap((file) => [...checkWords(file), ...checkName(file)]));
    expectNone(sources.flatMap(checkComments));
  });

  test('every source is used', () => {
    const entries = programEntries(sources);
    expectNone(
      entries
        .filter((path) => !exists(path))
        .map((path) => ({ file: path, line: 1, text: 'a program begins here: it must exist' })),
    );
    expectNone(findDeadFiles(sources, entries));
  });

  test('documents name commands and files that exist', () => {
    const cli = sources.filter(({ path }) => path.startsWith('src/cli/')).map(({ text }) => text);
    const subcommands = subcommandNames(cli);
    const documents = files.filter(({ path }) => path.endsWith('.md'));
    expectNone(documents.flatMap((file) => checkDocument(file, manifest, subcommands, exists)));
    expectNone(checkManifest(manifest, exists));
  });

  test('git keeps nothing that it should ignore, and no link', () => {
    expectNone(checkTracked());
  });

  test('the lock names no registry', () => {
    const lock = files.find(({ path }) => path === 'package-lock.json')?.text ?? '"resolved"';
    expect(lock).not.toContain('"resolved"');
  });
});

describe('options', () => {
  const documented = files.find(({ path }) => path === 'docs/configuration.md')?.text;

  for (const { path } of sources.filter(({ path }) => /^src\/.*\/options\.ts$/.test(path))) {
    test(`${path} describes every field`, async () => {
      const module = (await import(/* @vite-ignore */ absolute(path))) as Record<string, unknown>;
      const fields = Object.values(module)
        .filter(isSchema)
        .flatMap((schema) => optionFields(schema));
      expect(fields).not.toHaveLength(0);
      for (const field of fields) {
        const problem = (text: string): void => expectNone([{ file: path, line: 1, text }]);
        if (field.description === undefined) problem(`${field.path} lacks .describe('…')`);
        const name = fileKey(field.path.replace(/^.*\./, '').replaceAll('[]', ''));
        if (documented !== undefined && !documented.includes(name)) {
          problem(`${field.path} is not in docs/configuration.md: generate it again`);
        }
      }
    });
  }
});

function isSchema(value: unknown): value is z.ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value;
}
