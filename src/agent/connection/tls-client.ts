import { X509Certificate } from 'node:crypto';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { publicKeyHash } from '../../formats/x509/index.ts';
import { messageOf } from '../../model/index.ts';
import { AgentSetupError } from '../errors.ts';

const PROBE_TIMEOUT_MS = 10_000;
const CHAIN_MAX = 10;
const PORT_HTTPS = 443;

/** What a TLS connection to the collector is made with; PEM. */
export interface TlsClient {
  /** The only authorities that are trusted; undefined: those of the system. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * The certificate with this pin among those that the collector shows, as PEM, so that it can be the
 * one authority that is trusted. Nothing is sent before it is found.
 * @throws AgentSetupError
 */
export async function pinnedAuthority(url: string, pin: string, nowMs: number): Promise<string> {
  const chain = await chainOf(url);
  const found = chain.find((certificate) => publicKeyHash(certificate.publicKey) === pin);
  if (found === undefined) {
    const shown = chain.map(({ subject, publicKey }) => `${publicKeyHash(publicKey)} (${subject})`);
    throw new AgentSetupError(
      `${url} is not who --ca-hash says: it shows ${shown.join(', ') || 'no certificate'}, ` +
        `wanted ${pin}. Take the pin that \`tidegauge token create\` prints on the collector; if ` +
        'it is that one, somebody stands between',
    );
  }
  const [startMs = 0, endMs = 0] = [found.validFrom, found.validTo].map(Date.parse);
  if (nowMs >= startMs && nowMs <= endMs) return found.toString();
  const [start, end, now] = [startMs, endMs, nowMs].map((ms) => new Date(ms).toISOString());
  throw new AgentSetupError(
    `the authority of ${url} is valid from ${start} to ${end}, and it is ${now} here: ` +
      'set the clock of this host, or that of the collector',
  );
}

/** What a server shows, whether it is trusted or not. */
function chainOf(url: string): Promise<X509Certificate[]> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(new AgentSetupError(`${url} cannot be reached: ${tlsFaultOf(error, url)}`));
    };
    const servername = /^[\d.]+$|:/.test(host) ? '' : host;
    const socket: TLSSocket = connect(
      // What it shows is looked at by its pin.
      { host, port: Number(port || PORT_HTTPS), servername, rejectUnauthorized: false },
      () => {
        const chain: X509Certificate[] = [];
        let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
        while (next?.raw !== undefined && chain.length < CHAIN_MAX) {
          chain.push(new X509Certificate(next.raw));
          const issuer: DetailedPeerCertificate | undefined = next.issuerCertificate;
          next = issuer === next ? undefined : issuer;
        }
        socket.destroy();
        resolve(chain);
      },
    );
    socket.setTimeout(PROBE_TIMEOUT_MS, () => {
      socket.destroy(new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`));
    });
    socket.on('error', fail);
  });
}

/** What went wrong with a connection, in words that say what to do. */
export function tlsFaultOf(error: Error, url: string): string {
  const { code } = error as NodeJS.ErrnoException;
  const said = messageOf(error) || error.name;
  const now = new Date().toISOString();
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return (
        "the collector's certificate, or that of its authority, has expired as it is " +
        `${now} here: renew it on the collector, or set the clock of this host`
      );
    case 'CERT_NOT_YET_VALID':
      return (
        `the collector's certificate is not valid yet as it is ${now} here: set the clock of ` +
        'this host, or that of the collector'
      );
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return (
        `the collector's certificate is of an authority that is not trusted here (${code}): ` +
        'give its certificate with --ca-file, or to an agent the pin that `tidegauge token create` ' +
        'prints with --ca-hash'
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return (
        `${said.slice(0, 300)}: use one of those names in the collector's URL, or add this one to ` +
        'tidegauge.tls.server_names on the collector'
      );
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return (
        `what listens at ${new URL(url).host} speaks no TLS: use http://, or the port of ` +
        `tidegauge.tls.listen (${code})`
      );
    case 'ECONNREFUSED':
      return `nothing listens there (${said})`;
    default:
      return said;
  }
}
