import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { ScrapeConfig, ScrapeConfigYaml } from '../ingest/index.ts';
import { resolveScrapeConfigs, scrapeConfigSchema } from '../ingest/index.ts';
import { Labels, messageOf } from '../model/index.ts';
import { DEFAULT_CONFIG, DEFAULT_CONFIG_FILE } from './default-config.ts';
import type { ConfigProblem } from './errors.ts';
import { ConfigError } from './errors.ts';
import { redactYaml } from './redact.ts';
import type { ConfigFile } from './schema.ts';
import { configSchema, scrapeConfigFileSchema, unsupportedKeys } from './schema.ts';
import { formatPath, validate } from './validate.ts';
import type { Path, YamlSource } from './yaml-source.ts';
import { parseYaml } from './yaml-source.ts';

export type ComponentOptions = ConfigFile['tidegauge'];

/** A configuration that is right, with every default filled in. */
export interface LoadedConfig {
  readonly file: string;
  /** As read, secrets replaced by `<secret>`. */
  readonly yaml: string;
  readonly scrapeConfigs: readonly ScrapeConfig[];
  /** `global.external_labels`: for what leaves this server. */
  readonly externalLabels: Labels;
  readonly components: ComponentOptions;
}

/** Reads files; tests give their own. */
export interface ConfigFiles {
  read(path: string): string;
  /** Names in a folder. */
  list(directory: string): readonly string[];
}

const realFiles: ConfigFiles = {
  // Bytes that are not UTF-8 are an error, never silently another text.
  read: (path) => new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)),
  list: (directory) => readdirSync(directory),
};

/** The configuration for a collector that listens on `listen` and was given no file. */
export function loadDefaultConfig(listen: string): LoadedConfig {
  return loadText(DEFAULT_CONFIG.replace('LISTEN', listen), DEFAULT_CONFIG_FILE);
}

/** @throws ConfigError with everything that is wrong, in this file and those it names. */
export function loadConfig(file: string, files: ConfigFiles = realFiles): LoadedConfig {
  return loadText(readOrThrow(file, files), file, files);
}

/** Loads a configuration whose text is at hand; `file` stands in messages and anchors paths. */
export function loadText(text: string, file: string, files: ConfigFiles = realFiles): LoadedConfig {
  const main = parseYaml(text, file);
  const problems: ConfigProblem[] = [];
  const config = collect(problems, () => validate(main, configSchema, unsupportedKeys));
  const parts =
    config === undefined
      ? [{ source: main, entries: rightEntries(main) }]
      : scrapeConfigParts(main, config, files, problems);
  const resolved = resolveScrapeConfigs(
    config?.global ?? rightGlobal(main),
    parts.flatMap((part) => part.entries.map((entry) => entry.config)),
    dirname(file),
  );
  for (const issue of resolved.issues) problems.push(problemAt(parts, main, issue));
  problems.sort((a, b) => (a.file === b.file ? a.line - b.line || a.column - b.column : 0));
  if (config === undefined || problems.length > 0) throw new ConfigError(problems);
  return {
    file,
    yaml: redactYaml(text),
    scrapeConfigs: resolved.configs,
    externalLabels: Labels.fromObject(config.global.external_labels ?? {}),
    components: withPrometheusNames(config),
  };
}

/** Scrape configurations of one file, each with its place in the file's list. */
interface Part {
  readonly source: YamlSource;
  readonly entries: readonly Entry[];
}

interface Entry {
  readonly index: number;
  readonly config: ScrapeConfigYaml;
}

function entriesOf(configs: readonly ScrapeConfigYaml[] | null | undefined): Entry[] {
  return (configs ?? []).map((config, index) => ({ index, config }));
}

/**
 * Of a file with problems, the scrape configurations that are right in themselves: what is wrong
 * between them is then told together with the rest.
 */
function rightEntries({ value }: YamlSource): Entry[] {
  const list = (value as { scrape_configs?: unknown } | null | undefined)?.scrape_configs;
  if (!Array.isArray(list)) return [];
  return list.flatMap((raw: unknown, index) => {
    const parsed = scrapeConfigSchema.safeParse(raw);
    return parsed.success ? [{ index, config: parsed.data }] : [];
  });
}

function rightGlobal({ value }: YamlSource): ConfigFile['global'] {
  const raw = (value as { global?: unknown } | null | undefined)?.global;
  return configSchema.shape.global.safeParse(raw).data ?? {};
}

/** The scrape configurations of the file itself and of each file it names, in order. */
function scrapeConfigParts(
  main: YamlSource,
  config: ConfigFile,
  files: ConfigFiles,
  problems: ConfigProblem[],
): Part[] {
  const parts: Part[] = [{ source: main, entries: entriesOf(config.scrape_configs) }];
  const seen = new Set<string>();
  for (const [index, pattern] of (config.scrape_config_files ?? []).entries()) {
    const path = ['scrape_config_files', index];
    const report = (message: string): void => {
      problems.push(problem(main, path, message));
    };
    for (const file of expand(pattern, dirname(main.file), files, report)) {
      if (seen.has(file)) report(`scrape config file ${JSON.stringify(file)} is named twice`);
      seen.add(file);
      const part = collect(problems, () => readPart(file, files));
      if (part !== undefined) parts.push(part);
    }
  }
  return parts;
}

function readPart(file: string, files: ConfigFiles): Part {
  const source = parseYaml(readOrThrow(file, files), file);
  const { scrape_configs: entries } = validate(source, scrapeConfigFileSchema, unsupportedKeys);
  return { source, entries: entriesOf(entries) };
}

/** Files that a pattern with `*` in its last part names; a plain path names itself. */
function expand(
  pattern: string,
  directory: string,
  files: ConfigFiles,
  report: (message: string) => void,
): string[] {
  const path = isAbsolute(pattern) ? pattern : join(directory, pattern);
  if (/[*?[]/.test(dirname(path)) || /[?[]/.test(path)) {
    report(
      `invalid scrape config file path ${JSON.stringify(pattern)}: * may stand in the last part only`,
    );
    return [];
  }
  if (!path.includes('*')) return [path];
  const parts = basename(path)
    .split('*')
    .map((part) => part.replace(/[.+^${}()|\\]/g, '\\$&'));
  const matches = new RegExp(`^${parts.join('.*')}$`);
  try {
    const names = files.list(dirname(path)).filter((name) => matches.test(name));
    return names.toSorted().map((name) => join(dirname(path), name));
  } catch (error) {
    report(`cannot list files for ${JSON.stringify(pattern)}: ${messageOf(error)}`);
    return [];
  }
}

/** Runs one step of loading; what it finds wrong joins the rest. */
function collect<Value>(problems: ConfigProblem[], step: () => Value): Value | undefined {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** An issue of the joined scrape configurations, at its place in the file it came from. */
function problemAt(
  parts: readonly Part[],
  main: YamlSource,
  issue: { readonly path: Path; readonly message: string },
): ConfigProblem {
  const [head, index, ...rest] = issue.path;
  if (head !== 'scrape_configs' || typeof index !== 'number') {
    return problem(main, issue.path, issue.message);
  }
  let local = index;
  for (const { source, entries } of parts) {
    const entry = entries[local];
    if (entry !== undefined) {
      return problem(source, ['scrape_configs', entry.index, ...rest], issue.message);
    }
    local -= entries.length;
  }
  return problem(main, issue.path, issue.message);
}

function problem(source: YamlSource, path: Path, message: string): ConfigProblem {
  const place = source.placeOf(path);
  return { file: source.file, ...place, path: formatPath(path), message, kind: 'invalid' };
}

/** Settings of the store that Prometheus's own keys make; ours under `tidegauge` yield to them. */
function withPrometheusNames(config: ConfigFile): ComponentOptions {
  const { tsdb, exemplars } = config.storage ?? {};
  const storage = { ...config.tidegauge.storage };
  storage.out_of_order_window_ms = tsdb?.out_of_order_time_window ?? storage.out_of_order_window_ms;
  storage.retention_ms = tsdb?.retention?.time ?? storage.retention_ms;
  storage.retention_bytes = tsdb?.retention?.size ?? storage.retention_bytes;
  storage.max_exemplars = exemplars?.max_exemplars ?? storage.max_exemplars;
  return { ...config.tidegauge, storage };
}

function readOrThrow(file: string, files: ConfigFiles): string {
  try {
    return files.read(file);
  } catch (error) {
    const message = `cannot read the file: ${messageOf(error)}`;
    throw new ConfigError([{ file, line: 1, column: 1, path: '', message, kind: 'invalid' }]);
  }
}
