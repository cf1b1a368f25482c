import { readFile } from 'node:fs/promises';
import { messageOf } from '../../../model/index.ts';
import type { HttpClientConfig, TextOrFile } from '../config/scrape-config.ts';
import { ScrapeError } from '../errors.ts';

/**
 * Headers for one scrape that go to the configured host alone: authorization and custom ones.
 * Files are read each time, so that a changed password counts from the next scrape on.
 * @throws ScrapeError when a file cannot be read.
 */
export async function credentialHeaders(
  config: HttpClientConfig,
): Promise<Readonly<Record<string, string | string[]>>> {
  const headers: Record<string, string | string[]> = {};
  for (const header of config.headers) {
    headers[header.name.toLowerCase()] = await Promise.all(header.values.map(readText));
  }
  const { basicAuth, authorization } = config;
  if (basicAuth !== undefined) {
    const user = await readOptional(basicAuth.username);
    const password = await readOptional(basicAuth.password);
    const pair = Buffer.from(`${user}:${password}`).toString('base64');
    headers['authorization'] = `Basic ${pair}`;
  } else if (authorization?.credentials !== undefined) {
    const credentials = await readText(authorization.credentials);
    headers['authorization'] = `${authorization.type} ${credentials}`;
  }
  return headers;
}

/** The text, or what its file holds, without blanks around it. @throws ScrapeError */
export async function readText(value: TextOrFile): Promise<string> {
  if (value.text !== undefined) return value.text.reveal();
  try {
    return (await readFile(value.file, 'utf8')).trim();
  } catch (error) {
    throw new ScrapeError('connection', `unable to read file: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function readOptional(value: TextOrFile | undefined): Promise<string> {
  return value === undefined ? '' : readText(value);
}
