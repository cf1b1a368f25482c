import { TidegaugeError } from '../model/index.ts';

/** A folder is not what an export needs, or holds nothing that can be imported. */
export class ExchangeError extends TidegaugeError {
  readonly code: 'export_source' | 'export_target' | 'import_source';

  constructor(code: ExchangeError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
