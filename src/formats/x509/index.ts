export { issueCertificate } from './certificate.ts';
export { X509FormatError } from './errors.ts';
export { parsePin, publicKeyHash } from './public-key-hash.ts';
export { createCertificateRequest, openCertificateRequest } from './request.ts';
