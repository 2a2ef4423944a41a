import { createHash, createPublicKey } from 'node:crypto';
import { KilnError, compareBytes } from '@kiln/base';
import { certificateDer, pemBlocks, rsaKeyFault } from '@kiln/image-config';
import type { Certificates, NamedText } from '@kiln/image-config';
import { readFile, refuseDirectory } from './content.ts';
import { assemblyError } from './failure.ts';
import type { AssemblyDialect } from './failure.ts';
import { JavaStoreError, addToJavaStore } from './java-store.ts';
import type { TrustedCertificate } from './java-store.ts';
import { clean } from './path-rules.ts';
import type { FileTree } from './file-tree.ts';
import type { PackageContents } from './package-contents.ts';

const certificateDirectory = 'usr/local/share/ca-certificates';
const bundles = [
  'etc/ssl/certs/ca-certificates.crt',
  'var/lib/ecs/deps/execute-command/certs/tls-ca-bundle.pem',
  'kaniko/ssl/certs/ca-certificates.crt',
];
const javaStore = 'etc/ssl/certs/java/cacerts';

/**
 * Installs the configured certificates and those of provider packages, adds them to the bundles and to the Java key store that are there, and
 * leaves a checksum beside each of these. `mtimeSeconds` is the build date.
 * Throws `ASSEMBLE_CERTIFICATE_INVALID`, and `ASSEMBLE_JAVA_STORE_INVALID` for a key store that they cannot be added to.
 */
export async function applyCertificates(
  tree: FileTree,
  certificates: Certificates | undefined,
  packages: readonly PackageContents[],
  { mtimeSeconds, dialect }: { readonly mtimeSeconds: number; readonly dialect: AssemblyDialect },
): Promise<void> {
  const added = [
    ...(certificates?.additional ?? []).map((certificate) =>
      addCertificate(tree, certificate, { mtimeSeconds, dialect }),
    ),
    ...(await providedCertificates(tree, certificates?.providers ?? [], { packages, dialect })),
  ];
  if (added.length > 0) {
    await appendToBundles(tree, added, mtimeSeconds);
    await addToStore(tree, added, mtimeSeconds);
  }
  for (const path of [...bundles, javaStore]) {
    // apko takes what has no directory to be in for absent, and not what is in something else.
    if (dialect === 'apko') tree.entryAt(path);
    refuseDirectory(tree.at(path), path, dialect);
  }
  await writeSidecars(tree, mtimeSeconds);
}

/** Keys for the running system, by name; each is one RSA public key in PEM. Throws `ASSEMBLE_KEY_INVALID`. */
export function applyRuntimeKeyring(
  tree: FileTree,
  keyring: readonly NamedText[],
  { mtimeSeconds, dialect }: { readonly mtimeSeconds: number; readonly dialect: AssemblyDialect },
): void {
  for (const { name, content } of keyring.toSorted((a, b) => compareBytes(a.name, b.name))) {
    const path = `etc/apk/keys/${name}`;
    if (tree.entryAt(path) !== undefined) {
      throw assemblyError(
        'ASSEMBLE_KEY_INVALID',
        path,
        'a runtime key collides with an existing entry',
      );
    }
    tree.write(path, publicKeyPem(name, content, dialect)).mtimeSeconds = mtimeSeconds;
  }
}

function addCertificate(
  tree: FileTree,
  { name, content }: NamedText,
  { mtimeSeconds, dialect }: { readonly mtimeSeconds: number; readonly dialect: AssemblyDialect },
): TrustedCertificate {
  const der = certificateDer(content, dialect);
  if (typeof der === 'string')
    throw new KilnError('ASSEMBLE_CERTIFICATE_INVALID', `certificate "${name}": ${der}`);
  const alias = `${name}-${fingerprintOf(der)}`;
  tree.mkdirAll(certificateDirectory, 0o755);
  const file = tree.write(`${certificateDirectory}/${alias}.crt`, pem('CERTIFICATE', der));
  file.mtimeSeconds = mtimeSeconds;
  return { alias, der };
}

/**
 * Certificates that packages with one of these provides installed; what is no single certificate is left alone. In dialect `apko` a
 * link that leads nowhere or to a directory is an error.
 */
async function providedCertificates(
  tree: FileTree,
  providers: readonly string[],
  {
    packages,
    dialect,
  }: { readonly packages: readonly PackageContents[]; readonly dialect: AssemblyDialect },
): Promise<TrustedCertificate[]> {
  const paths = packages
    .filter(({ info }) => info.provides.some((provide) => providers.includes(provide)))
    .flatMap(({ members }) => Array.from(members, ({ entry }) => entry))
    .filter(({ type }) => type !== 'directory')
    .map((entry) => clean(entry.path))
    .filter((path) => path.startsWith(`${certificateDirectory}/`) && /\.(?:crt|pem)$/.test(path));
  const found: TrustedCertificate[] = [];
  for (const path of [...new Set(paths)].sort(compareBytes)) {
    const node = tree.at(path);
    refuseDirectory(node, path, dialect);
    if (dialect === 'apko' && node === undefined)
      throw assemblyError('ASSEMBLE_PATH_INVALID', path, 'a certificate that is not there');
    if (node?.type !== 'file') continue;
    const der = certificateDer(new TextDecoder().decode(await readFile(node, path)), dialect);
    if (typeof der !== 'string') found.push({ alias: `pkg-${fingerprintOf(der)}`, der });
  }
  return found;
}

async function appendToBundles(
  tree: FileTree,
  added: readonly TrustedCertificate[],
  mtimeSeconds: number,
): Promise<void> {
  const texts = added.map(({ der }) => `${pem('CERTIFICATE', der)}\n`);
  const suffix = new TextEncoder().encode(texts.join(''));
  for (const path of bundles) {
    const node = tree.at(path);
    if (node?.type !== 'file') continue;
    const bytes = Buffer.concat([await readFile(node, path), suffix]);
    tree.write(path, bytes).mtimeSeconds = mtimeSeconds;
  }
}

async function addToStore(
  tree: FileTree,
  added: readonly TrustedCertificate[],
  mtimeSeconds: number,
): Promise<void> {
  const node = tree.at(javaStore);
  if (node?.type !== 'file') return;
  try {
    const bytes = addToJavaStore(await readFile(node, javaStore), added, mtimeSeconds * 1000);
    tree.write(javaStore, bytes).mtimeSeconds = mtimeSeconds;
  } catch (error) {
    if (!(error instanceof JavaStoreError)) throw error;
    throw assemblyError('ASSEMBLE_JAVA_STORE_INVALID', javaStore, error.message, {
      hint: 'certificates have to be added to it: leave these out, or the package that ships it',
    });
  }
}

async function writeSidecars(tree: FileTree, mtimeSeconds: number): Promise<void> {
  for (const path of [...bundles, javaStore]) {
    const node = tree.at(path);
    if (node?.type !== 'file') continue;
    const slash = path.lastIndexOf('/');
    const base = path.slice(slash + 1);
    const hex = createHash('sha256')
      .update(await readFile(node, path))
      .digest('hex');
    tree.write(`${path.slice(0, slash)}/.${base}.sha256`, `${hex}  ${base}\n`, 0o444).mtimeSeconds =
      mtimeSeconds;
  }
}

const fingerprintOf = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex');

function publicKeyPem(name: string, content: string, dialect: AssemblyDialect): string {
  const blocks = pemBlocks(content);
  const [block] = blocks;
  const fail = (why: string, cause?: unknown): KilnError =>
    new KilnError('ASSEMBLE_KEY_INVALID', `runtime key "${name}": ${why}`, { cause });
  if (blocks.length !== 1 || block?.label !== 'PUBLIC KEY')
    throw fail('expected exactly one PUBLIC KEY block');
  if (dialect === 'apko') {
    const fault = rsaKeyFault(block.der);
    if (fault !== undefined) throw fail(fault);
    return pem('PUBLIC KEY', block.der);
  }
  try {
    const key = createPublicKey({ key: block.der, format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'rsa') throw fail('not an RSA key');
    return pem('PUBLIC KEY', key.export({ format: 'der', type: 'spki' }));
  } catch (error) {
    throw error instanceof KilnError ? error : fail('not a public key', error);
  }
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
