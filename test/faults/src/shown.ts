import { createHash } from 'node:crypto';
import type { PackageSummary } from '@kiln/server/schemas';
import type { Factory } from '../../e2e/src/factory.ts';

/** Everything that a factory publishes, by digest: equal for equal catalogs and keys, whatever happened on the way. */
export interface Published {
  readonly images: Readonly<Record<string, string>>;
  readonly packages: Readonly<Record<string, string>>;
  /** Of the signed index of the package repository. */
  readonly index: string;
}

export async function publishedBy(factory: Factory): Promise<Published> {
  const images = await factory.images();
  const packages = await factory.json<PackageSummary[]>('package', 'ls');
  const status = await factory.status();
  const ofRecipes = packages.filter((one) => one.repository !== 'seed');
  return {
    images: Object.fromEntries(images.map((one) => [one.name, one.digest])),
    packages: Object.fromEntries(ofRecipes.map((one) => [`${one.name}-${one.version}`, one.apk])),
    index: await indexOf(status.packages),
  };
}

/** The digest of the signed index of a package repository. */
export async function indexOf(packages: string): Promise<string> {
  const index = await fetch(`${packages}/x86_64/APKINDEX.tar.gz`);
  if (!index.ok) throw new Error(`the index answered ${index.status}`);
  return createHash('sha256')
    .update(await index.bytes())
    .digest('hex');
}

interface Manifest {
  readonly manifests?: readonly { readonly digest: string }[];
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
}

/**
 * Looks at an image as a client does: a tag that is shown must lead to a whole image with its evidence. Returns what is
 * missing; nothing when the tag is not shown, or when the server is not there to ask.
 */
export async function missingFrom(registry: string, image: string): Promise<readonly string[]> {
  const base = `http://${registry}/v2/${image}`;
  const ask = async (path: string, method = 'GET'): Promise<Response | undefined> => {
    try {
      const answer = await fetch(`${base}${path}`, {
        method,
        signal: AbortSignal.timeout(5_000),
        headers: {
          accept:
            'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json',
        },
      });
      // The database may be away: no answer is no half image.
      return answer.status >= 500 ? undefined : answer;
    } catch {
      return undefined;
    }
  };
  const json = async (answer: Response | undefined): Promise<Manifest | undefined> =>
    answer?.ok === true ? ((await answer.json().catch(() => undefined)) as Manifest) : undefined;
  const missing: string[] = [];
  const tag = await ask('/manifests/latest');
  const index = await json(tag);
  if (tag === undefined || !tag.ok || index === undefined) return missing;
  for (const { digest } of index.manifests ?? []) {
    const found = await ask(`/manifests/${digest}`);
    if (found !== undefined && !found.ok) missing.push(`manifest ${digest}: ${found.status}`);
    const manifest = await json(found);
    const blobs = [manifest?.config, ...(manifest?.layers ?? [])];
    for (const blob of blobs.flatMap((one) => (one === undefined ? [] : [one.digest]))) {
      const head = await ask(`/blobs/${blob}`, 'HEAD');
      if (head !== undefined && !head.ok) missing.push(`blob ${blob}: ${head.status}`);
    }
  }
  const digest = tag.headers.get('docker-content-digest') ?? '';
  const referrers = await json(await ask(`/referrers/${digest}`));
  if (referrers !== undefined && (referrers.manifests ?? []).length === 0)
    missing.push(`evidence of ${digest}`);
  return missing;
}
