import { type Command, InvalidArgumentError, Option } from 'commander';
import { checkToken, readToken } from '../agent/index.ts';
import { parseDuration } from '../model/index.ts';
import { addCaFileFlag, type CaFileFlags } from './ca-file.ts';

const DEFAULT_URL = 'http://127.0.0.1:9095';

/** How `run` and `push` reach a collector. */
export interface CollectorFlags extends CaFileFlags {
  readonly collector: string;
  readonly token?: string;
  readonly tokenFile?: string;
}

export function addCollectorFlags(command: Command): Command {
  return addCaFileFlag(command)
    .addOption(collectorOption())
    .option('--token <token>', 'bearer token; better in a file, or in TIDEGAUGE_TOKEN')
    .option('--token-file <file>', 'file that holds the bearer token');
}

/** @throws AgentSetupError where the file cannot be read, or the token cannot be sent. */
export function tokenFrom({ token, tokenFile }: CollectorFlags): string | undefined {
  if (token !== undefined) return checkToken(token, '--token');
  if (tokenFile === undefined) {
    const given = process.env['TIDEGAUGE_TOKEN'] || undefined;
    return given === undefined ? undefined : checkToken(given, 'TIDEGAUGE_TOKEN');
  }
  return readToken(tokenFile);
}

/** Where a collector is; the environment may say it for all commands. */
export function collectorOption(flags = '--collector <url>', what = 'collector'): Option {
  return new Option(flags, `where the ${what} is`)
    .argParser(collectorUrl)
    .default(
      process.env['TIDEGAUGE_COLLECTOR'] || DEFAULT_URL,
      `TIDEGAUGE_COLLECTOR, else ${DEFAULT_URL}`,
    );
}

export function collectorUrl(text: string): string {
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('want a URL such as http://127.0.0.1:9095.');
}

/** A duration as given, when it is one. */
export function scheduleOf(text: string): string {
  if ((parseDuration(text) ?? 0) > 0) return text;
  throw new InvalidArgumentError('want a duration such as 10m, 1h or 1d.');
}

export function positiveDurationMs(text: string): number {
  const durationMs = parseDuration(text) ?? 0;
  if (durationMs > 0) return durationMs;
  throw new InvalidArgumentError('want a duration such as 500ms, 10s or 1m.');
}
