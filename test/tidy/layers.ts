import { findImports, type Import } from './imports.ts';
import { isTest, type Problem, type SourceFile } from './project.ts';

const FOUNDATION = ['util', 'model', 'telemetry'];
const BELOW_API = [
  'kernel',
  'formats',
  'storage/api',
  'query',
  'sources',
  'ingest',
  'rules',
  'cluster',
];
const BELOW_CONFIG = [...FOUNDATION, ...BELOW_API, 'storage', 'agent', 'api'];

/**
 * Which layers (folders of src) each layer may import. `storage/api` is the interfaces of storage
 * alone, and `ingest/pull` that part of ingest alone. The rows stand in an order in which each
 * names only rows above it, so no two layers can depend on each other; a test holds the table to
 * that.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  util: [],
  model: ['util'],
  kernel: ['util', 'model'],
  formats: ['util', 'model', 'kernel'],
  telemetry: ['util', 'model'],
  storage: [...FOUNDATION, 'kernel'],
  query: ['util', 'model', 'storage/api'],
  sources: [...FOUNDATION, 'storage/api'],
  ingest: [...FOUNDATION, 'kernel', 'formats', 'sources', 'storage/api'],
  rules: [...FOUNDATION, 'storage/api', 'query'],
  cluster: [...FOUNDATION, 'storage/api', 'query'],
  agent: [...FOUNDATION, 'formats', 'ingest/pull'],
  client: [...FOUNDATION, 'formats', 'agent'],
  api: [...FOUNDATION, ...BELOW_API],
  exchange: [...FOUNDATION, 'formats', 'storage/api'],
  lab: [...FOUNDATION, 'formats', 'agent'],
  config: BELOW_CONFIG,
  cli: [...BELOW_CONFIG, 'exchange', 'lab', 'config'],
};

/** Layers that compute and leave files, sockets and processes to others. */
const WITHOUT_IO = new Set(['model', 'formats', 'sources']);
const IO_MODULE =
  /^(?:node:)?(?:fs|fs\/promises|net|http|https|tls|dgram|child_process|worker_threads)$|^undici$/;

/** What is wrong with the imports of one file. */
export function checkImports(file: SourceFile, dependencies: ReadonlySet<string>): Problem[] {
  if (isTest(file.path)) return [];
  if (file.path.startsWith('src/')) {
    return findImports(file).flatMap((found) => {
      const text = sourceFault(file.path, found, dependencies);
      return text === undefined ? [] : [{ file: file.path, line: found.line, text }];
    });
  }
  if (file.path.startsWith('ui/')) {
    return findImports(file).flatMap((found) => {
      const text = pageFault(found);
      return text === undefined ? [] : [{ file: file.path, line: found.line, text }];
    });
  }
  return [];
}

function sourceFault(
  path: string,
  { specifier, path: target, typeOnly }: Import,
  dependencies: ReadonlySet<string>,
): string | undefined {
  const layer = layerOf(path);
  if (target === undefined) return packageFault(layer, specifier, typeOnly, dependencies);
  if (!target.startsWith('src/')) {
    return `imports ${target}: what lies outside src is not in the package; move it into src`;
  }
  const other = layerOf(target);
  if (other === layer) return undefined;
  const allowed = MAY_IMPORT[layer];
  if (allowed === undefined) {
    return `src/${layer} is no layer: give it a row in test/tidy/layers.ts and ARCHITECTURE.md`;
  }
  if (!allowed.some((name) => covers(name, target))) {
    return `${layer} may not import ${target}, only ${allowed.join(', ') || 'nothing'}: move what is shared down, or declare an interface in ${layer}`;
  }
  if (isDoor(target)) return undefined;
  return `imports ${target} past its door: export it from src/${other}/index.ts and import that`;
}

/** The page is a program of its own: from the server it takes types of the API's contract. */
function pageFault({ path: target, typeOnly }: Import): string | undefined {
  if (target === undefined || target.startsWith('ui/')) return undefined;
  if (/^src\/api\/contract(?:\/|\.ts$)/.test(target) && typeOnly) return undefined;
  return `the page may import only types, and only of src/api/contract, not ${target}`;
}

function packageFault(
  layer: string,
  specifier: string,
  typeOnly: boolean,
  dependencies: ReadonlySet<string>,
): string | undefined {
  if (WITHOUT_IO.has(layer) && IO_MODULE.test(specifier)) {
    return `${layer} does no I/O, but imports ${specifier}: take what it gives as a parameter`;
  }
  if (specifier.startsWith('node:') || typeOnly) return undefined;
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (dependencies.has(name)) return undefined;
  return `imports ${name}, which package.json does not list under dependencies: npm i -E ${name}`;
}

function layerOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** Whether a table entry, a layer or a part of one, is where `target` lies. */
function covers(name: string, target: string): boolean {
  return target === `src/${name}.ts` || target.startsWith(`src/${name}/`);
}

/** What other layers may import of a layer: an index at any depth, and storage's interfaces. */
function isDoor(target: string): boolean {
  return (
    target.endsWith('/index.ts') ||
    target === 'src/storage/api.ts' ||
    /^src\/\w+(?:\/\w+)*\/options\.ts$/.test(target)
  );
}
