import { afterEach, beforeEach, describe } from 'vitest';
import { describeLookups } from './storage-lookups.ts';
import { describeReading } from './storage-reading.ts';
import type { StorageFactory } from './storage-subject.ts';
import { Subject } from './storage-subject.ts';
import { describeUpkeep } from './storage-upkeep.ts';
import { describeValues } from './storage-values.ts';
import { describeWriting } from './storage-writing.ts';

/** A suite that every implementation of `Storage` must pass. */
export function describeStorage(name: string, makeFactory: () => Promise<StorageFactory>): void {
  describe(name, () => {
    const subject = new Subject();
    beforeEach(async () => subject.begin(await makeFactory()));
    afterEach(() => subject.end());
    describeWriting(subject);
    describeReading(subject);
    describeLookups(subject);
    describeValues(subject);
    describeUpkeep(subject);
  });
}
