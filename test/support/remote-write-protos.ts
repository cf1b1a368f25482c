import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { conformancePath } from './conformance-data.ts';

let prometheus: protobuf.Root | undefined;

/**
 * A message of Prometheus, `ReadRequest` or `WriteRequest`, as protobufjs reads and writes it from
 * its definition in the conformance data (area `protos`): an oracle for our own readers.
 */
export function prometheusType(name: string): protobuf.Type {
  prometheus ??= loadPrometheus();
  return prometheus.lookupType(`prometheus.${name}`);
}

/** The remote write 1.0 messages. */
export function remoteWriteProtos(): { readonly writeRequest: protobuf.Type } {
  return { writeRequest: prometheusType('WriteRequest') };
}

function loadPrometheus(): protobuf.Root {
  const root = new protobuf.Root();
  for (const file of ['types.proto', 'remote.proto']) {
    const text = readFileSync(`${conformancePath('protos')}/prometheus/${file}`, 'utf8');
    // Options and imports of the Go generator, which change nothing on the wire.
    const plain = text.replaceAll(/^import .*$/gm, '').replaceAll(/\[\s*\(gogoproto[^\]]*\]/g, '');
    protobuf.parse(plain, root, { keepCase: true });
  }
  return root;
}
