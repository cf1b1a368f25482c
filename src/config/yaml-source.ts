import type { Node, Pair, ParsedNode } from 'yaml';
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { messageOf } from '../model/index.ts';
import type { ConfigProblem } from './errors.ts';
import { ConfigError } from './errors.ts';

export type Path = readonly (string | number)[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A YAML file as a plain value, with the place of everything in it. */
export interface YamlSource {
  readonly file: string;
  /** What the file holds; undefined for an empty one. */
  readonly value: unknown;
  /** Place of the value at a path, or of the nearest thing around it. */
  placeOf(path: Path): Place;
  /** Place of a key inside the map at `path`. */
  placeOfKey(path: Path, key: string): Place;
  /** A plain scalar's own text (`1.10`, `yes`); undefined where the path has none. */
  textAt(path: Path): string | undefined;
}

/** @throws ConfigError where the text is not YAML, repeats a key, or has several documents. */
export function parseYaml(text: string, file: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    merge: true,
  });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  // Warnings are tags that nothing here understands: the value is not what was meant.
  const faults: Fault[] = [...document.errors, ...document.warnings].map((fault) => ({
    offset: fault.pos[0],
    message: fault.message,
  }));
  resolveScalars(document, faults);
  if (faults.length > 0) {
    throw new ConfigError(
      faults.slice(0, FAULTS_TOLD_MAX).map((fault): ConfigProblem => {
        const message = `not valid YAML: ${fault.message}`;
        return { file, ...at(fault.offset), path: '', message, kind: 'invalid' };
      }),
    );
  }
  const root = document.contents;
  const startOf = (node: Node | null | undefined): Place => at(node?.range?.[0] ?? 0);
  return {
    file,
    value: toValue(document, file),
    placeOf: (path) => startOf(nearest(root, path)),
    placeOfKey: (path, key) => {
      const node = nearest(root, path);
      const pair = isMap(node) ? findPair(node.items, key) : undefined;
      return startOf(isScalar(pair?.key) ? pair.key : node);
    },
    textAt: (path) => {
      const node = exact(root, path);
      return isScalar(node) && typeof node.source === 'string' ? node.source : undefined;
    },
  };
}

/** At most this many faults of one file are told: what follows a broken bracket is noise. */
const FAULTS_TOLD_MAX = 20;

function toValue(document: ReturnType<typeof parseDocument<ParsedNode>>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? undefined;
  } catch (error) {
    const message = `not valid YAML: ${messageOf(error)}`;
    throw new ConfigError([{ file, line: 1, column: 1, path: '', message, kind: 'invalid' }]);
  }
}

interface Fault {
  readonly offset: number;
  readonly message: string;
}

/**
 * A scalar that would lose its form as a number or boolean (`1.10`, `0x10`, `True`) stays text
 * until the schema says what it is. Binary ones are text too, if they are UTF-8.
 */
function resolveScalars(document: Parameters<typeof visit>[0], faults: Fault[]): void {
  visit(document, {
    Scalar(_key, node) {
      const { value, source } = node;
      if (value instanceof Uint8Array) {
        try {
          node.value = new TextDecoder('utf-8', { fatal: true }).decode(value);
        } catch {
          faults.push({ offset: node.range?.[0] ?? 0, message: 'the binary value is not UTF-8' });
        }
      } else if (typeof value === 'number' || typeof value === 'boolean') {
        if (source !== undefined && String(value) !== source) node.value = source;
      }
    },
  });
}

function findPair(items: readonly unknown[], key: string): Pair | undefined {
  return items.find(
    (item): item is Pair => isPair(item) && isScalar(item.key) && String(item.key.value) === key,
  );
}

function child(node: unknown, step: string | number): Node | undefined {
  if (isMap(node)) return findPair(node.items, String(step))?.value as Node | undefined;
  if (isSeq(node)) return node.items[Number(step)] as Node | undefined;
  return undefined;
}

function nearest(root: Node | null, path: Path): Node | null {
  let node = root;
  for (const step of path) {
    const next = child(node, step);
    if (next === undefined || next === null) {
      // A key without a value: its own place is nearer than that of the map around it.
      const pair = isMap(node) ? findPair(node.items, String(step)) : undefined;
      return isScalar(pair?.key) ? pair.key : node;
    }
    node = next;
  }
  return node;
}

function exact(root: Node | null, path: Path): Node | undefined {
  let node: Node | undefined = root ?? undefined;
  for (const step of path) node = child(node, step);
  return node;
}
