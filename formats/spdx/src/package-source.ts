import { createHash } from 'node:crypto';
import { KilnError, shorten } from '@kiln/base';
import { parseGitAddress, type GitAddress } from './git-address.ts';
import { printPurl, type PackageUrl } from './purl.ts';

/** A thing a package was made from. */
export interface PackageSource {
  /** Parts of its identifier after `Package-Source`. */
  readonly idParts: readonly string[];
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly downloadLocation: string;
  readonly licenseDeclared: string;
  /** Who supplies it, where that is not the distribution. */
  readonly supplier?: string;
  readonly checksums: readonly SourceChecksum[];
}

export interface SourceChecksum {
  readonly algorithm: 'sha256' | 'sha512';
  readonly hex: string;
}

/**
 * The source that a `fetch` step names; `index` is the step's number. Checksums are in the order of their algorithms, and the
 * last one is in the package URL. Throws `SPDX_PURL_INVALID` where the name is empty.
 */
export function fetchSource(fetch: {
  readonly name: string;
  readonly version: string;
  readonly index: number;
  readonly uri: string;
  readonly checksums: PackageSource['checksums'];
}): PackageSource {
  const { name, version, uri, checksums } = fetch;
  const last = checksums.at(-1);
  const checksum = last === undefined ? '' : `${last.algorithm}:${last.hex}`;
  return {
    idParts: [name, version, String(fetch.index)],
    name,
    version,
    purl: printPurl({
      type: 'generic',
      name,
      version,
      qualifiers: { checksum, download_url: uri },
    }),
    downloadLocation: uri,
    licenseDeclared: 'NOASSERTION',
    checksums,
  };
}

export interface GitCheckout {
  /** As written. */
  readonly repository: string;
  readonly branch: string;
  readonly tag: string;
  readonly commit: string;
  readonly index: number;
  readonly licenseDeclared: string;
  /** `melange` names a tarball on its vendor's mirror where the repository is not on GitHub. */
  readonly dialect?: 'kiln' | 'melange';
}

/**
 * The source that a `git-checkout` step names; undefined where it names neither tag nor commit. Throws `SPDX_PURL_INVALID` where
 * the address has no path, and in dialect `melange` where Go cannot read it.
 */
export function gitSource(checkout: GitCheckout): PackageSource | undefined {
  const { repository, branch, tag, commit } = checkout;
  const address = addressOf(checkout);
  const version = tag || commit;
  if (version === '') return undefined;
  const place = placeOf(checkout, address, version);
  return {
    ...place,
    idParts: [
      ...[
        repository.replace(/^https:\/\//, '').replace(/^http:\/\//, ''),
        branch,
        tag,
        commit,
      ].filter((part) => part !== ''),
      String(checkout.index),
    ],
    version,
    licenseDeclared: checkout.licenseDeclared,
    checksums: [],
  };
}

function addressOf({ repository, dialect }: GitCheckout): GitAddress {
  const address = parseGitAddress(repository);
  if (address !== undefined) return address;
  if (dialect !== 'melange') return { scheme: '', host: '', path: repository };
  throw new KilnError(
    'SPDX_PURL_INVALID',
    `the address of a repository cannot be read: "${shorten(repository)}"`,
    { hint: 'give an address such as https://example.org/team/project.git' },
  );
}

type Place = Pick<PackageSource, 'name' | 'downloadLocation' | 'purl' | 'supplier'>;

function placeOf(checkout: GitCheckout, address: GitAddress, version: string): Place {
  const { repository, tag, commit, dialect } = checkout;
  const path = address.path.replace(/^\//, '');
  const reference = commit || tag;
  if (address.host === 'github.com') {
    const [owner = '', ...rest] = path.split('/');
    const name = rest.join('/').replace(/\.git$/, '');
    return {
      name,
      downloadLocation: `${address.scheme}://github.com/${owner}/${name}/archive/${reference}.tar.gz`,
      purl: githubPurl({ namespace: owner, name, version }),
      ...(dialect === 'melange' ? { supplier: owner } : {}),
    };
  }
  const name = path.replace(/\.git$/, '');
  const url = `${repository.startsWith('git') ? '' : 'git+'}${repository}${commit === '' ? '' : `@${commit}`}`;
  return {
    name,
    downloadLocation: dialect === 'melange' ? mirrorOf(name, reference) : url,
    purl: printPurl({ type: 'generic', name, version, qualifiers: { vcs_url: url } }),
  };
}

/** Where the vendor of melange keeps a tarball; the folder is the first byte of the name. */
function mirrorOf(name: string, reference: string): string {
  const digest = createHash('sha256').update(name).digest('hex');
  const folder = name.slice(0, 1).replace(/[\u0080-\uffff]/, '\u{fffd}');
  return `https://tarballs.cgr.dev/${folder}/${digest}-${reference}.tar.gz`;
}

function githubPurl(url: Omit<PackageUrl, 'type' | 'namespace'> & { namespace: string }): string {
  const namespace = url.namespace.toLowerCase();
  return printPurl({ ...url, type: 'github', namespace, name: url.name.toLowerCase() });
}

/**
 * The package URL of a recipe in a repository: `pkg:github/OWNER/NAME@COMMIT#FILE`, wherever the repository is. Throws
 * `SPDX_PURL_INVALID` where nothing follows the owner, or the file's path goes up in its middle.
 */
export function recipePurl(recipe: {
  readonly repositoryUrl: string;
  readonly commit: string;
  readonly file: string;
}): string {
  const [namespace = '', ...rest] = recipe.repositoryUrl
    .replace(/^https:\/\/github\.com\//, '')
    .split('/');
  const [, ...below] = recipe.file.split('/');
  if (below.some((part) => part === '.' || part === '..')) {
    throw new KilnError(
      'SPDX_PURL_INVALID',
      `the path of the recipe goes up or stays in its middle: "${shorten(recipe.file)}"`,
    );
  }
  const subpath = recipe.file.replace(/^\/+|\/+$/g, '');
  return githubPurl({ namespace, name: rest.join('/'), version: recipe.commit, subpath });
}
