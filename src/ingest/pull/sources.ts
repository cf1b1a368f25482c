import type { SourceContact, SourceDescription } from '../../sources/index.ts';

/** The part of the source registry that pull reports to. */
export interface PullSources {
  expect(source: SourceDescription): void;
  contact(id: string, contact: SourceContact): void;
  end(id: string): void;
  remove(id: string): void;
}
