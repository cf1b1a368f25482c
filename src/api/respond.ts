import type { ApiError } from './errors.ts';

export interface Notes {
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

const JSON_HEADERS = { 'Content-Type': 'application/json' };
const encoder = new TextEncoder();

/** `{"status":"success","data":…}` around a value. */
export function success(data: unknown, notes: Notes = {}): Response {
  return successBytes(encoder.encode(JSON.stringify(data)), notes);
}

/** The same around JSON that is written already (by a query worker). */
export function successBytes(data: Uint8Array, notes: Notes = {}): Response {
  const head = encoder.encode('{"status":"success","data":');
  const tail = encoder.encode(`${noteFields(notes)}}`);
  const body = new Uint8Array(head.length + data.length + tail.length);
  body.set(head);
  body.set(data, head.length);
  body.set(tail, head.length + data.length);
  return new Response(body, { headers: JSON_HEADERS });
}

/** The error envelope with the status that belongs to the error's type. */
export function failure(error: ApiError): Response {
  const body = { status: 'error', errorType: error.type, error: error.message };
  return new Response(JSON.stringify(body), { status: error.status, headers: JSON_HEADERS });
}

function noteFields({ warnings = [], infos = [] }: Notes): string {
  const first = warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings)}` : '';
  const second = infos.length > 0 ? `,"infos":${JSON.stringify(infos)}` : '';
  return first + second;
}
