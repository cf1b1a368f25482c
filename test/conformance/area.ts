/**
 * One area of the conformance data: a folder's name under its root. Each area is a module
 * `test/conformance/areas/AREA.ts` that exports `area`; the command `npm run conformance` and the
 * test suite find it by its file name, so there is no list to keep.
 */
export interface ConformanceArea {
  /** The folder's name under the root, and the module's own. */
  readonly name: string;
  /**
   * The cases, in a fixed order. `root` holds the areas' folders; the area's own is there, others
   * need not be. Throws when the data is not laid out as expected.
   */
  cases(root: string): Promise<Iterable<ConformanceCase>> | AsyncIterable<ConformanceCase>;
  /** True to print a line for each file before the area's own, where files have many cases. */
  readonly countsByFile?: boolean;
  /** What the area's cases do not look at, if anything: printed before its closing line. */
  readonly notes?: string;
}

export interface ConformanceCase {
  /** The file the case comes from, relative to the area's folder. */
  readonly file: string;
  /** Tells the case from others of the same file, as in `line 12: rate(x[5m])`. */
  readonly name: string;
  /**
   * Checks it; throws on failure, best a `ConformanceFailure`. Cases of one file run in order, one
   * after the other.
   */
  run(): Promise<void> | void;
}

/** What a failed case throws: the difference between the data's expectation and ours. */
export class ConformanceFailure extends Error {
  constructor(wanted: string, got: string) {
    super(`wanted: ${wanted}\n   got: ${got}`);
    this.name = 'ConformanceFailure';
  }
}

/** Throws unless both texts are the same. */
export function checkSame(got: string, wanted: string): void {
  if (got !== wanted) throw new ConformanceFailure(wanted, got);
}

/** How a case is named in reports and in the list of known failures. */
export function caseId({ file, name }: ConformanceCase): string {
  return `${file}: ${name}`;
}
