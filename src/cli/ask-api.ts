import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { messageOf, TidegaugeError } from '../model/index.ts';

const TIMEOUT_MS = 30_000;

/** The collector did not do what it was asked; the text is for people. */
export class ApiCommandError extends TidegaugeError {
  readonly code = 'api_command';
}

/** How the commands of operators reach a collector. */
export interface OperatorFlags {
  readonly collector: string;
  readonly operatorTokenFile?: string;
  readonly json?: boolean;
}

export function addOperatorFlags(command: Command): Command {
  return command
    .option(
      '--collector <url>',
      'where the collector is (default: TIDEGAUGE_COLLECTOR, else http://127.0.0.1:9095)',
      collectorUrl,
      process.env['TIDEGAUGE_COLLECTOR'] ?? 'http://127.0.0.1:9095',
    )
    .option(
      '--operator-token-file <file>',
      'file with an operator token, or TIDEGAUGE_OPERATOR_TOKEN, where the collector asks for one',
    )
    .option('--json', 'print the answer as it comes');
}

/**
 * Asks the API of a collector; its `data`, undefined where the answer has no body.
 * @throws ApiCommandError
 */
export async function askApi(
  flags: OperatorFlags,
  path: string,
  form?: readonly (readonly [string, string])[],
): Promise<unknown> {
  const url = new URL(
    path,
    flags.collector.endsWith('/') ? flags.collector : `${flags.collector}/`,
  );
  const token = operatorToken(flags);
  let response: Response;
  try {
    response = await fetch(url, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(form === undefined
        ? {}
        : {
            method: 'POST',
            body: new URLSearchParams([
              ...form.map(([name, value]): [string, string] => [name, value]),
            ]),
          }),
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const hint = 'is the collector running there? give its URL with --collector';
    const text = `${url.origin} cannot be reached: ${messageOf(cause)}; ${hint}`;
    throw new ApiCommandError(text, { cause: error });
  }
  const text = await response.text();
  if (response.ok) return text === '' ? undefined : (JSON.parse(text) as { data: unknown }).data;
  throw new ApiCommandError(`${url.origin} answered ${response.status}: ${errorOf(text)}`);
}

function errorOf(text: string): string {
  try {
    return (JSON.parse(text) as { error?: string }).error ?? text;
  } catch {
    return text.slice(0, 300);
  }
}

function operatorToken({ operatorTokenFile: file }: OperatorFlags): string | undefined {
  if (file === undefined) return process.env['TIDEGAUGE_OPERATOR_TOKEN'] || undefined;
  try {
    // The collector's own file does as well: the token is what its first line begins with.
    return readFileSync(file, 'utf8').trim().split(/\s/)[0];
  } catch (cause) {
    const text = `operator token file ${file} cannot be read: ${messageOf(cause)}`;
    throw new ApiCommandError(text, { cause });
  }
}

function collectorUrl(text: string): string {
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('want a URL such as http://127.0.0.1:9095.');
}
