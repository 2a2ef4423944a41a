import type { BareRepository } from './bare-repository.ts';

/** A submodule of a commit. */
export interface Submodule {
  /** As `.gitmodules` has it. */
  readonly url: string;
  readonly commit: string;
}

const gitmodulesBytesMax = 2 ** 20;

/**
 * The submodules that a checkout of the commit has, in the order of their paths. What is listed but not there, is there but
 * not listed, or is not to be updated, is none: git decides about it when it checks out.
 */
export async function submodulesOf(
  repository: BareRepository,
  commit: string,
): Promise<readonly Submodule[]> {
  const [listed] = await repository.entries(commit, ['.gitmodules']);
  // Git does not follow a link of that name either.
  if (listed?.mode !== '100644' && listed?.mode !== '100755') return [];
  const urls = new Map<string, string>();
  for (const { path, url, update } of await sectionsOf(repository, listed.object)) {
    if (path !== undefined && url !== undefined && update !== 'none') urls.set(path, url);
  }
  if (urls.size === 0) return [];
  const entries = await repository.entries(commit, [...urls.keys()]);
  return entries.flatMap(({ mode, object, path }): readonly Submodule[] => {
    const url = urls.get(path);
    return mode === '160000' && url !== undefined ? [{ url, commit: object }] : [];
  });
}

interface Section {
  path?: string;
  url?: string;
  update?: string;
}

async function sectionsOf(repository: BareRepository, blob: string): Promise<Iterable<Section>> {
  if ((await repository.sizeOf(blob)) > gitmodulesBytesMax) return [];
  const sections = new Map<string, Section>();
  for (const [key, value] of await repository.configurationIn(blob)) {
    const [, name, variable] = /^submodule\.([^]*)\.(path|url|update)$/.exec(key) ?? [];
    if (name === undefined) continue;
    const section = sections.get(name) ?? {};
    if (variable === 'path') section.path = value;
    if (variable === 'url') section.url = value;
    if (variable === 'update') section.update = value;
    sections.set(name, section);
  }
  return sections.values();
}
