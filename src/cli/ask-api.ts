import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { tlsFaultOf } from '../agent/index.ts';
import { messageOf, TidegaugeError } from '../model/index.ts';
import { addCaFileFlag, authorityFrom, type CaFileFlags } from './ca-file.ts';
import { collectorOption } from './collector-flags.ts';
import { exchange } from './http-exchange.ts';

const TIMEOUT_MS = 30_000;

/** The collector did not do what it was asked; the text is for people. */
export class ApiCommandError extends TidegaugeError {
  readonly code = 'api_command';
}

/** How the commands of operators reach a collector. */
export interface OperatorFlags extends CaFileFlags {
  readonly collector: string;
  readonly operatorTokenFile?: string;
  readonly json?: boolean;
}

export function addOperatorFlags(command: Command): Command {
  return addCaFileFlag(command)
    .addOption(collectorOption())
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
  const authority = authorityFrom(flags);
  let answer: Awaited<ReturnType<typeof exchange>>;
  try {
    answer = await exchange(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      form: form === undefined ? undefined : formOf(form),
      timeoutMs: TIMEOUT_MS,
      ...authority,
    });
  } catch (error) {
    const fault = error instanceof Error ? tlsFaultOf(error, url.href) : messageOf(error);
    const hint = 'is the collector running there? give its URL with --collector';
    const text = `${url.origin} cannot be reached: ${fault}; ${hint}`;
    throw new ApiCommandError(text, { cause: error });
  }
  const { status, text } = answer;
  if (status >= 200 && status < 300) {
    return text === '' ? undefined : (JSON.parse(text) as { data: unknown }).data;
  }
  throw new ApiCommandError(`${url.origin} answered ${status}: ${errorOf(text)}`);
}

function formOf(form: readonly (readonly [string, string])[]): URLSearchParams {
  return new URLSearchParams(form.map(([name, value]): [string, string] => [name, value]));
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
