import { readFileSync } from 'node:fs';
import { AgentSetupError, agentOptionsSchema } from '../agent/index.ts';
import type { ConfigProblem } from '../config/index.ts';
import { ConfigError, formatPath, formatProblem, parseYaml, validate } from '../config/index.ts';
import { messageOf } from '../model/index.ts';

type Path = readonly (string | number)[];
type Settings = Readonly<Record<string, unknown>>;

/** An agent's configuration file. */
export interface AgentFile {
  /** As the file has it, each value of the kind that is wanted there. */
  readonly settings: Settings;
  /** What to say of something at a path: its line and column before the message. */
  describe(path: Path, message: string): string;
}

/** Sections of the collector's file that somebody may look for in an agent's. */
const COLLECTOR_KEYS: ReadonlySet<string> = new Set([
  ...['tidegauge', 'storage', 'remote_write', 'remote_read', 'rule_files', 'alerting'],
  ...['scrape_config_files', 'tracing', 'otlp', 'runtime'],
]);

/** @throws AgentSetupError with everything that is wrong, each with its line. */
export function readAgentFile(file: string): AgentFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AgentSetupError(`${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
  const source = orSetupError(() => parseYaml(text, file));
  const value = source.value ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new AgentSetupError(`${file} holds no map of settings`);
  }
  const problems: ConfigProblem[] = [];
  const settings: Record<string, unknown> = { ...value };
  const refuse = (path: Path, message: string): void => {
    const key = String(path.at(-1));
    const place = source.placeOfKey(path.slice(0, -1), key);
    problems.push({ file, ...place, path: formatPath(path), message, kind: 'invalid' });
  };
  for (const key of Object.keys(settings)) {
    if (!COLLECTOR_KEYS.has(key)) continue;
    delete settings[key];
    refuse([key], `"${key}" is for the collector's configuration, an agent has no use for it`);
  }
  refuseScrapesThrough(settings, refuse);
  const wrong = problemsOf(() => {
    validate({ ...source, value: settings }, agentOptionsSchema, new Map());
  });
  const all = [...problems, ...wrong].toSorted((a, b) => a.line - b.line || a.column - b.column);
  if (all.length > 0) throw new AgentSetupError(all.map(formatProblem).join('\n'));
  return {
    settings,
    describe: (path, message) => {
      const place = source.placeOf(path);
      return formatProblem({
        ...{ file, ...place, path: formatPath(path), message, kind: 'invalid' },
      });
    },
  };
}

/** Jobs that name an agent: that is how a collector scrapes through one. */
function refuseScrapesThrough(
  settings: Settings,
  refuse: (path: Path, message: string) => void,
): void {
  const jobs: unknown = settings['scrape_configs'];
  for (const [index, job] of Array.isArray(jobs) ? jobs.entries() : []) {
    if (typeof job !== 'object' || job === null || !('tidegauge_agent' in job)) continue;
    const message =
      '"tidegauge_agent" is for the collector, which then scrapes through that agent; ' +
      'an agent scrapes the targets of its own file itself';
    refuse(['scrape_configs', index, 'tidegauge_agent'], message);
  }
}

function problemsOf(act: () => void): readonly ConfigProblem[] {
  try {
    act();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function orSetupError<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    throw new AgentSetupError(cause.message, { cause });
  }
}
