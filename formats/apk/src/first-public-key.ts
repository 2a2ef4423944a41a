import { createPublicKey } from 'node:crypto';

/**
 * The RSA key in the first block of a PEM text, as PEM: what Go's `pem` and `x509` find there. Text around blocks, headers in
 * them and what they call themselves are no matter, and a block that is broken is none; undefined where there is no block, or
 * the first holds anything but a SubjectPublicKeyInfo.
 */
export function firstPublicKey(text: string): string | undefined {
  let start = 0;
  for (const { index, 0: marker, 1: trailer = '' } of text.matchAll(/\n-----END ([^\n]*)/g)) {
    const block = text.slice(start, index);
    start = index + marker.length - trailer.length;
    const bytes = blockBytes(block, trailer);
    if (bytes !== undefined) return rsaKey(bytes);
  }
  return undefined;
}

const begin = '-----BEGIN ';
const dashes = '-----';

/** What stands in a block up to its trailer; undefined where it is none. */
function blockBytes(text: string, trailer: string): Buffer | undefined {
  const at = text.lastIndexOf(begin);
  if (at === -1 || (at > 0 && text[at - 1] !== '\n')) return undefined;
  const [label = '', ...lines] = text.slice(at + begin.length).split('\n');
  const name = label.trimEnd();
  if (!name.endsWith(dashes) || trailer.trimEnd() !== name) return undefined;
  const first = lines.findIndex((line) => !line.includes(':'));
  if (first === -1 && lines.length > 0) return undefined;
  const packed = lines
    .slice(Math.max(0, first))
    .join('')
    .replace(/[ \t\r]/g, '');
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(packed)
    ? Buffer.from(packed, 'base64')
    : undefined;
}

function rsaKey(der: Buffer): string | undefined {
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const isWhole = key.export({ type: 'spki', format: 'der' }).length === der.length;
    if (key.asymmetricKeyType !== 'rsa' || !isWhole) return undefined;
    return key.export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    // Another kind of structure, such as PKCS #1, or none.
    return undefined;
  }
}
