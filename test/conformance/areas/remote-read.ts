import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decompress, decompressedSize } from '../../../src/formats/snappy/index.ts';
import { Labels } from '../../../src/model/index.ts';
import { createTestApi, type TestApi } from '../../support/api-app.ts';
import { fixedOpenStorage, loadDump } from '../../support/captured-data.ts';
import { seriesOfFrames } from '../../support/remote-read-answers.ts';
import { prometheusType } from '../../support/remote-write-protos.ts';
import { type ConformanceArea, type ConformanceCase, checkSame } from '../area.ts';

/** Remote reads that Prometheus 2.42 answered, asked of a store with the same data. */
export const area: ConformanceArea = {
  name: 'remote-read',
  notes:
    'samples are compared as the bytes of the message, chunks as the samples in them: where a ' +
    'chunk ends is for the store to say',
  async cases(root) {
    const folder = join(root, 'remote-read');
    const names = (await readdir(folder))
      .filter((name) => name.endsWith('.meta.json'))
      .map((name) => name.slice(0, -'.meta.json'.length))
      .sort();
    let api: Promise<TestApi> | undefined;
    return names.map((name) => caseOf(folder, name, () => (api ??= openCaptured(root))));
  },
};

/** The float samples of the server that answered. */
const DUMP = 'tsdb-blocks/own-live-native/dump.txt.gz';

/** Its external labels, see http-api/live/config.json. */
const EXTERNAL = Labels.fromObject({ cluster: 'c1', replica: 'r0' });

interface Meta {
  readonly request: { readonly path: string; readonly headers: Readonly<Record<string, string>> };
  readonly response: { readonly status: number; readonly headers: Record<string, string> };
}

async function openCaptured(root: string): Promise<TestApi> {
  const { storage } = await fixedOpenStorage();
  await loadDump(storage, join(root, DUMP));
  return createTestApi({ storage, control: { externalLabels: () => EXTERNAL } });
}

function caseOf(folder: string, name: string, open: () => Promise<TestApi>): ConformanceCase {
  return {
    file: `${name}.meta.json`,
    name: 'POST /api/v1/read',
    async run() {
      const path = join(folder, name);
      const meta = JSON.parse(await readFile(`${path}.meta.json`, 'utf8')) as Meta;
      const body = new Uint8Array(await readFile(`${path}.request.bin`));
      const wanted = await readFile(`${path}.response.bin`);
      const { request, response } = meta;
      const api = await open();
      const answer = await api.fetch(request.path, {
        method: 'POST',
        headers: request.headers,
        body,
      });
      const got = Buffer.from(await answer.arrayBuffer());
      checkSame(String(answer.status), String(response.status));
      for (const [header, value] of Object.entries(response.headers)) {
        checkSame(answer.headers.get(header) ?? '', value);
      }
      if (name.endsWith('-streamed'))
        checkSame(show(seriesOfFrames(got)), show(seriesOfFrames(wanted)));
      else compareSamples(got, wanted);
    },
  };
}

function compareSamples(got: Uint8Array, wanted: Uint8Array): void {
  const [left, right] = [unpack(got), unpack(wanted)];
  if (left.equals(right)) return;
  const type = prometheusType('ReadResponse');
  checkSame(show(type.decode(left).toJSON()), show(type.decode(right).toJSON()));
  checkSame(left.toString('hex'), right.toString('hex'));
}

function unpack(packed: Uint8Array): Buffer {
  const bytes = Buffer.alloc(decompressedSize(packed, 0, packed.length, 1 << 24));
  decompress(packed, 0, packed.length, bytes);
  return bytes;
}

function show(value: unknown): string {
  return JSON.stringify(value, undefined, 1);
}
