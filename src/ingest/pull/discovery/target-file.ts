import { parse } from 'yaml';
import { z } from 'zod';
import { TidegaugeError } from '../../../model/index.ts';
import { targetGroupShape } from '../config/scrape-options.ts';
import type { TargetGroup } from './discovery.ts';

/** A file of target groups cannot be read, or is not what it should be. */
export class TargetFileError extends TidegaugeError {
  readonly code = 'target_file_invalid';
}

const groupsSchema = z
  .array(
    z.strictObject(targetGroupShape, {
      error: (issue) => (issue.input === null ? 'nil target group item found' : undefined),
    }),
  )
  .nullish();

const FILEPATH_LABEL = '__meta_filepath';

/**
 * Reads the target groups of a file, JSON or YAML by its name.
 * @throws TargetFileError
 */
export function parseTargetFile(path: string, content: string): readonly TargetGroup[] {
  const groups = groupsSchema.safeParse(readValue(path, content));
  if (!groups.success) {
    const [issue] = groups.error.issues;
    const place = issue === undefined ? '' : issue.path.join('.');
    throw new TargetFileError(`${path}: ${place === '' ? '' : `${place}: `}${issue?.message}`);
  }
  return (groups.data ?? []).map((group, index) => ({
    source: `${path}:${index}`,
    targets: group.targets ?? [],
    labels: { ...group.labels, [FILEPATH_LABEL]: path },
  }));
}

function readValue(path: string, content: string): unknown {
  try {
    if (path.toLowerCase().endsWith('.json')) return JSON.parse(content);
    return parse(content);
  } catch (error) {
    throw new TargetFileError(`${path}: ${error instanceof Error ? error.message : 'unreadable'}`, {
      cause: error,
    });
  }
}
