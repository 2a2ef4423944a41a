import { X509Certificate } from 'node:crypto';
import { messageOf } from '@kiln/base';
import { certificateFault } from './go-certificate.ts';
import type { ConfigDialect } from './types.ts';

/** The DER of the only certificate in a PEM text, or what is wrong with the text: to apko, or to OpenSSL. */
export function certificateDer(text: string, dialect: ConfigDialect): Buffer | string {
  const blocks = pemBlocks(text);
  const [block, second] = blocks;
  if (block === undefined) return 'no certificates found in PEM data';
  if (second !== undefined) return 'multiple certificates found; only one is allowed';
  if (block.label !== 'CERTIFICATE') return `expected CERTIFICATE block, got ${block.label}`;
  if (dialect === 'apko') return certificateFault(block.der) ?? block.der;
  try {
    return new X509Certificate(block.der).raw;
  } catch (error) {
    return messageOf(error);
  }
}

/** The blocks of a PEM text (RFC 7468), in their order; each line of one begins where a line begins. What is no Base64 is no block. */
export function pemBlocks(
  text: string,
): readonly { readonly label: string; readonly der: Buffer }[] {
  const block =
    /^-----BEGIN ([A-Z0-9 ]+)-----[ \t\r]*\n([A-Za-z0-9+/=\s]*?)^-----END \1-----[ \t\r]*$/gm;
  return [...text.matchAll(block)]
    .map(([, label = '', body = '']) => ({ label, base64: body.replace(/\s/g, '') }))
    .filter(({ base64 }) => base64.length % 4 === 0)
    .map(({ label, base64 }) => ({ label, der: Buffer.from(base64, 'base64') }));
}
