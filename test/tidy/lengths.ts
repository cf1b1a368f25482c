import { findFunctions } from './functions.ts';
import { isTest, type Problem, type SourceFile } from './project.ts';

const FILE_LINES_MAX = 700;
const TEST_FILE_LINES_MAX = 1000;
const FUNCTION_LINES_MAX = 70;
const LINE_CHARS_MAX = 100;

/** For functions that may be longer, by `path: name`, the reason in one line. */
export type LongFunctions = Readonly<Record<string, string>>;

/** Files, and comment lines, that are too long; the formatter sees to lines of code. */
export function checkFileLength(file: SourceFile): Problem[] {
  const lines = file.text.split('\n');
  const problems: Problem[] = [];
  const max = isTest(file.path) ? TEST_FILE_LINES_MAX : FILE_LINES_MAX;
  const length = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  if (length > max) {
    const text = `has ${length} lines, want at most ${max}: split it by what its parts do`;
    problems.push({ file: file.path, line: max + 1, text });
  }
  for (const { line } of file.comments) {
    const text = lines[line - 1] ?? '';
    // An address cannot be broken.
    if (text.length > LINE_CHARS_MAX && !text.includes('://')) {
      problems.push({
        file: file.path,
        line,
        text: `comment reaches column ${text.length}, want at most ${LINE_CHARS_MAX}: break the line`,
      });
    }
  }
  return problems;
}

/** Functions that are too long and not in the list. Tests are one long function by nature. */
export function checkFunctions(file: SourceFile, allowed: LongFunctions): Problem[] {
  if (file.path.endsWith('.test.ts') || file.path.endsWith('.test.tsx')) return [];
  return longFunctions(file)
    .filter(({ name }) => allowed[`${file.path}: ${name}`] === undefined)
    .map(({ name, line, lines }) => ({
      file: file.path,
      line,
      text: `function ${name} has ${lines} lines, want at most ${FUNCTION_LINES_MAX}: split it, or give the reason in test/tidy/long-functions.json under "${file.path}: ${name}"`,
    }));
}

/** Entries of the list that name no long function any more. */
export function checkLongFunctions(
  files: readonly SourceFile[],
  allowed: LongFunctions,
): Problem[] {
  const long = new Set(
    files.flatMap((file) => longFunctions(file).map(({ name }) => `${file.path}: ${name}`)),
  );
  return Object.keys(allowed)
    .filter((key) => !long.has(key))
    .map((key) => ({
      file: 'test/tidy/long-functions.json',
      line: 1,
      text: `"${key}" is no long function: delete the entry`,
    }));
}

function longFunctions(file: SourceFile): ReturnType<typeof findFunctions> {
  return findFunctions(file.code).filter(({ lines }) => lines > FUNCTION_LINES_MAX);
}
