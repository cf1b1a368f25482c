/**
 * The file operations that the ring needs. Paths are joined with `/`; operations reject with the
 * operating system's errors.
 */
export interface RingFileSystem {
  /** Makes the folder and those above it; no error where it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Names in the folder, in no order. */
  list(path: string): Promise<string[]>;
  /** The whole file. */
  read(path: string): Promise<Uint8Array>;
  /** Opens for reading in pieces. */
  openRead(path: string): Promise<RingReadableFile>;
  /** Opens for writing; `create` makes an empty file, or empties one that exists. */
  open(path: string, mode: 'create' | 'update'): Promise<RingWritableFile>;
  rename(from: string, to: string): Promise<void>;
  /** No error where there is none. */
  remove(path: string): Promise<void>;
  /** Makes entries of the folder durable. */
  syncDirectory(path: string): Promise<void>;
}

export interface RingReadableFile {
  readonly sizeBytes: number;
  read(position: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface RingWritableFile {
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Makes data and size durable. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}
