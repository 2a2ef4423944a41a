import { messageOf } from '@kiln/base';

/** What a connection that failed says. */
export interface NetworkFault {
  readonly text: string;
  /** What a person can do next. */
  readonly hint: string;
  /** `now`: in a moment; `later`: not as fast as that; `never`: not by itself. */
  readonly passes: 'now' | 'later' | 'never';
}

/** Nobody listens, or nobody has the name. */
const absences: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND']);
/** Codes of OpenSSL and of Node for certificates that are not trusted. */
const certificates =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_(?:CA|PURPOSE)$|HOSTNAME_MISMATCH$|ERR_TLS_)/;
/** OpenSSL's words for an answer that is none of TLS. */
const noTls = /wrong version number|packet length too long/;
const network = 'check the network and the registry';

/** Reads an error of Node's. */
export function networkFault(error: unknown): NetworkFault {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (absences.has(code)) return { text: messageOf(error), hint: network, passes: 'later' };
  if (code === 'EPROTO' && noTls.test(messageOf(error)))
    return {
      text: 'it does not speak TLS',
      hint: 'registries of other machines are asked encrypted alone',
      passes: 'never',
    };
  if (certificates.test(code))
    return {
      // What follows is advice on how to start Node.
      text: messageOf(error).split(';')[0] ?? '',
      hint: 'NODE_EXTRA_CA_CERTS=FILE names authorities that are trusted too, and NODE_USE_SYSTEM_CA=1 this machine’s',
      passes: 'never',
    };
  return { text: messageOf(error), hint: network, passes: 'now' };
}
