import { TidegaugeError } from '../../model/index.ts';

/** Bytes that are not the certificate request, or not the pin, they should be. */
export class X509FormatError extends TidegaugeError {
  readonly code = 'x509_format';
}
