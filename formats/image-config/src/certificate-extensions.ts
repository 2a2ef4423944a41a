import { Der, isInteger, malformed, tags } from './der.ts';
import { shownUrl } from './shown-url.ts';

interface Extension {
  readonly value: Buffer;
  readonly isCritical: boolean;
}

/**
 * Refuses the extensions of a certificate that Go's `crypto/x509` does not parse: one that comes twice, and those it knows where they
 * are not what RFC 5280 (section 4.2) says. Throws `IMAGE_CONFIG_INVALID`.
 */
export function checkExtensions(extensions: Der): void {
  const seen = new Set<string>();
  const found: { readonly id: string; readonly extension: Extension }[] = [];
  while (!extensions.isEmpty) {
    const der = extensions.sequence('extension');
    const id = der.objectId('extension');
    const isCritical = der.isAt(tags.boolean) && der.boolean('extension');
    if (seen.has(id)) throw malformed(`extension ${id}: it comes twice`);
    seen.add(id);
    found.push({ id, extension: { value: der.take(tags.octetString, 'extension'), isCritical } });
  }
  for (const { id, extension } of found) known[id]?.(extension);
}

const known: Readonly<Record<string, (extension: Extension) => void>> = {
  '2.5.29.14': (extension) => {
    refuseCritical(extension, 'subject key identifier');
    new Der(extension.value).take(tags.octetString, 'subject key identifier');
  },
  '2.5.29.15': ({ value }) => {
    new Der(value).bitString('key usage');
  },
  '2.5.29.17': ({ value }) => {
    each(value, 'subject alternative names', (names) => checkSubjectName(names));
  },
  '2.5.29.19': ({ value }) => {
    const what = 'basic constraints';
    const der = new Der(value).sequence(what);
    if (der.isAt(tags.boolean)) der.boolean(what);
    if (der.isAt(tags.integer)) {
      const length = der.integer(what);
      if ((length[0] ?? 0) >= 0x80 || length.length > 8) throw malformed(what);
    }
  },
  '2.5.29.30': ({ value }) => checkNameConstraints(value),
  '2.5.29.31': ({ value }) => {
    const what = 'CRL distribution points';
    each(value, what, (points) => {
      const name = points.sequence(what).optional(0xa0, what);
      const full = name && new Der(new Der(name).take(0xa0, what));
      while (full?.isAt(0x86) === true) full.any(what);
    });
  },
  '2.5.29.32': ({ value }) => {
    const what = 'certificate policies';
    const seen = new Set<string>();
    each(value, what, (policies) => {
      const id = policies.sequence(what).take(tags.objectId, what);
      const starts = id.filter((_, i) => i === 0 || (id[i - 1] ?? 0) < 0x80);
      if ((id.at(-1) ?? 0x80) >= 0x80 || starts.includes(0x80) || seen.has(id.toString('hex')))
        throw malformed(what);
      seen.add(id.toString('hex'));
    });
  },
  '2.5.29.33': ({ value }) => {
    const what = 'policy mappings';
    each(value, what, (mappings) => {
      const mapping = mappings.sequence(what);
      mapping.take(tags.objectId, what);
      mapping.take(tags.objectId, what);
    });
  },
  '2.5.29.35': (extension) => {
    const what = 'authority key identifier';
    refuseCritical(extension, what);
    new Der(extension.value).sequence(what).optional(0x80, what);
  },
  '2.5.29.36': ({ value }) => {
    const what = 'policy constraints';
    const der = new Der(value).sequence(what);
    for (const tag of [0x80, 0x81]) {
      const number = der.optional(tag, what);
      if (number !== undefined && (!isInteger(number) || number.length > 8)) throw malformed(what);
    }
  },
  '2.5.29.37': ({ value }) => {
    each(value, 'extended key usage', (usages) => usages.objectId('extended key usage'));
  },
  '2.5.29.54': ({ value }) => {
    if (new Der(value).integer('inhibit any policy').length > 8)
      throw malformed('inhibit any policy');
  },
  '1.3.6.1.5.5.7.1.1': (extension) => {
    const what = 'authority information access';
    refuseCritical(extension, what);
    each(extension.value, what, (accesses) => {
      const access = accesses.sequence(what);
      access.objectId(what);
      access.optional(0x86, what);
    });
  },
};

function refuseCritical({ isCritical }: Extension, what: string): void {
  if (isCritical) throw malformed(`${what}: it is critical`);
}

/** Lets `take` read what is in a sequence, as long as there is something. */
function each(value: Buffer, what: string, take: (elements: Der) => unknown): void {
  const elements = new Der(value).sequence(what);
  while (!elements.isEmpty) take(elements);
}

function checkSubjectName(names: Der): void {
  const what = 'subject alternative name';
  const { tag, content } = names.any(what);
  if (tag === 0x87 && ![4, 16].includes(content.length)) throw malformed(`${what}: an IP address`);
  if ([0x81, 0x82, 0x86].includes(tag)) refuseNonAscii(content, what);
  if (tag !== 0x86) return;
  const address = content.toString('latin1');
  shownUrl(address);
  const [, authority = ''] = /^(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#]*)/i.exec(address) ?? [];
  if (!isDomain(authority.slice(authority.lastIndexOf('@') + 1)))
    throw malformed(`${what}: a domain`);
}

function checkNameConstraints(value: Buffer): void {
  const what = 'name constraints';
  const outer = new Der(value);
  const inner = outer.sequence(what);
  const trees = [0xa0, 0xa1].map((tag) => inner.optional(tag, what));
  const isWhole = outer.isEmpty && inner.isEmpty;
  if (!isWhole || trees.every((tree) => tree === undefined || tree.length === 0))
    throw malformed(what);
  for (const tree of trees) {
    const subtrees = new Der(tree ?? Buffer.of());
    while (!subtrees.isEmpty) checkConstraint(subtrees.sequence(what).any(what));
  }
}

function checkConstraint({
  tag,
  content,
}: {
  readonly tag: number;
  readonly content: Buffer;
}): void {
  const what = 'name constraint';
  const text = content.toString('latin1');
  if ([0x81, 0x82, 0x86].includes(tag)) {
    refuseNonAscii(content, what);
    const isMailbox = tag === 0x81 && text.includes('@');
    if (!isMailbox && !isDomain(text.replace(/^\./, (dot) => (text === dot ? dot : ''))))
      throw malformed(what);
    if (tag === 0x86 && isIpAddress.test(text)) throw malformed(what);
  }
  if (tag === 0x87 && !isNetwork(content)) throw malformed(what);
}

const isIpAddress = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f.]*:[0-9a-f:.]*)$/i;

/** An address and a mask, whose ones come first. */
function isNetwork(bytes: Buffer): boolean {
  const mask = [...bytes.subarray(bytes.length / 2)];
  const bits = mask.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return [8, 32].includes(bytes.length) && /^1*0*$/.test(bits);
}

/** Printable labels between dots, each of at least one character; or nothing. */
function isDomain(text: string): boolean {
  return (
    /^(?:[!-~]+)?$/.test(text) && (text === '' || text.split('.').every((label) => label !== ''))
  );
}

function refuseNonAscii(bytes: Buffer, what: string): void {
  if (bytes.some((byte) => byte >= 0x80)) throw malformed(what);
}
