import type { GeneratedRelations } from './relations.ts';
import { baseNameOf, directoryOf, type PackageTree } from './tree.ts';

const searched = new Set([
  'usr/lib/pkgconfig',
  'usr/lib64/pkgconfig',
  'usr/share/pkgconfig',
  'usr/local/lib/pkgconfig',
  'usr/local/share/pkgconfig',
]);

const fileBytesMax = 256 * 1024;

/** Modules of pkg-config that the package has and those they require. */
export async function pkgConfig(tree: PackageTree, version: string): Promise<GeneratedRelations> {
  const runtime: string[] = [];
  const provides: string[] = [];
  const vendored: string[] = [];
  for (const entry of tree.entries) {
    if (entry.kind !== 'file' || !entry.path.endsWith('.pc')) continue;
    const module = `pc:${baseNameOf(entry.path).slice(0, -'.pc'.length)}=${version}`;
    if (!searched.has(directoryOf(entry.path))) {
      vendored.push(module);
      continue;
    }
    provides.push(module);
    const text = Buffer.from(await entry.range(0, fileBytesMax)).toString('utf8');
    runtime.push(...requiredModules(text).map((name) => `pc:${name}`));
  }
  return { runtime, provides, vendored };
}

/** The names in `Requires`, `Requires.private` and `Requires.internal`; version constraints are dropped. */
export function requiredModules(text: string): readonly string[] {
  const variables = new Map<string, string>();
  const names: string[] = [];
  for (const line of text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const content = line.replace(/#.*$/, '');
    const variable = /^\s*([A-Za-z0-9_.]+)\s*=\s*(.*?)\s*$/.exec(content);
    if (variable !== null) variables.set(variable[1] ?? '', expand(variable[2] ?? '', variables));
    const field = /^\s*Requires(?:\.private|\.internal)?\s*:\s*(.*)$/.exec(content);
    if (field !== null) names.push(...moduleNames(expand(field[1] ?? '', variables)));
  }
  return names;
}

const expandedMax = 4096;

function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text
    .replace(/\$\{([^}]*)\}/g, (_whole, name: string) => variables.get(name) ?? '')
    .slice(0, expandedMax);
}

function moduleNames(list: string): readonly string[] {
  const words = list.replace(/(?:[<>]=?|!=|=)\s*[^\s,]+/g, ' ').split(/[\s,]+/);
  return words.filter((word) => word !== '');
}
