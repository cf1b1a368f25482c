import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { AgentSetupError } from '../agent/index.ts';
import { messageOf } from '../model/index.ts';

export interface CaFileFlags {
  readonly caFile?: string;
}

export function addCaFileFlag(command: Command): Command {
  return command.option(
    '--ca-file <file>',
    "certificate of the collector's authority, as PEM (default: TIDEGAUGE_CA_FILE, else those " +
      'that the system trusts)',
  );
}

/**
 * The only authority that is trusted, as the options of a TLS connection have it; none: those of
 * the system.
 * @throws AgentSetupError where the file holds no certificate.
 */
export function authorityFrom({ caFile }: CaFileFlags): { readonly ca?: string } {
  const file = caFile ?? process.env['TIDEGAUGE_CA_FILE'];
  if (file === undefined || file === '') return {};
  try {
    const ca = readFileSync(file, 'utf8');
    // What is no certificate would be ignored, and the collector then not be trusted.
    void new X509Certificate(ca).subject;
    return { ca };
  } catch (cause) {
    const text = `--ca-file ${file}, want a file with a certificate as PEM: ${messageOf(cause)}`;
    throw new AgentSetupError(text, { cause });
  }
}
