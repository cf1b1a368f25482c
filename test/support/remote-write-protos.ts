import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { conformancePath } from './conformance-data.ts';

/**
 * The remote write 1.0 messages as protobufjs reads and writes them from their definitions in the
 * conformance data (area `protos`): the oracle for our own reader and writer.
 */
export function remoteWriteProtos(): { readonly writeRequest: protobuf.Type } {
  const root = new protobuf.Root();
  for (const file of ['types.proto', 'remote.proto']) {
    const text = readFileSync(`${conformancePath('protos')}/prometheus/${file}`, 'utf8');
    // Options and imports of the Go generator, which change nothing on the wire.
    const plain = text.replaceAll(/^import .*$/gm, '').replaceAll(/\[\s*\(gogoproto[^\]]*\]/g, '');
    protobuf.parse(plain, root, { keepCase: true });
  }
  return { writeRequest: root.lookupType('prometheus.WriteRequest') };
}
