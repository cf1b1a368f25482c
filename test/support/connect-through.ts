import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import type { Queryable, WorkerHandle } from '../../src/storage/index.ts';
import { connectReader } from '../../src/storage/index.ts';

/** A reader as a worker has it: its handle has been moved through a port. */
export function connectThrough({ message, transfer }: WorkerHandle): Queryable {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(message, transfer);
  const received: { message: unknown } | undefined = receiveMessageOnPort(port2);
  port1.close();
  port2.close();
  return connectReader(received?.message);
}
