import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/util/package-root.ts';
import { type CommentLine, maskCode } from './mask-code.ts';

/** Something untidy: where it is, and what to do about it. */
export interface Problem {
  /** Relative to the checkout. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** A file of the checkout as the checks see it; paths use `/` and start at the checkout. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

export interface SourceFile extends ProjectFile {
  /** The text without comments and what stands in strings; see `maskCode`. */
  readonly code: string;
  readonly comments: readonly CommentLine[];
}

/** Made, fetched or kept by git. */
const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'data', 'coverage']);
const TEXT = /\.(?:ts|tsx|mjs|js|json|md|yml|yaml|html|css|sh|txt|svg)$|^(?:bin|\.ci)\/[\w-]+$/;
const SOURCE = /\.(?:ts|tsx|mjs)$/;

/** Every text file of the checkout, in a fixed order. */
export function readProject(): ProjectFile[] {
  return textPaths('').map((path) => ({ path, text: readFileSync(absolute(path), 'utf8') }));
}

export function isSource(file: ProjectFile): boolean {
  return SOURCE.test(file.path);
}

export function toSource(file: ProjectFile): SourceFile {
  return { ...file, ...maskCode(file.text) };
}

export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || path.startsWith('test/');
}

/** `path` in the file system; what it names need not exist. */
export function absolute(path: string): string {
  return fileURLToPath(new URL(path, packageRoot()));
}

export function exists(path: string): boolean {
  return existsSync(absolute(path));
}

/** For a failed test: one line for each problem. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(({ file, line, text }) => `${file}:${line}: ${text}`).join('\n');
}

function textPaths(folder: string): string[] {
  return readdirSync(absolute(folder === '' ? './' : folder), { withFileTypes: true })
    .filter(({ name }) => !SKIPPED_FOLDERS.has(name) && (!name.startsWith('.') || name === '.ci'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}${entry.name}`;
      if (entry.isDirectory()) return textPaths(`${path}/`);
      return TEXT.test(path) ? [path] : [];
    });
}
