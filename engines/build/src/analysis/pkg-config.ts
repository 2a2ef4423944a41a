import { baseNameOf, directoryOf, fileAt, type PackageTree } from '../tree.ts';
import { blankClass } from './blanks.ts';
import type { Finding } from './relations.ts';
import type { Dialect } from './subject.ts';

const searched = new Set([
  'usr/lib/pkgconfig',
  'usr/lib64/pkgconfig',
  'usr/share/pkgconfig',
  'usr/local/lib/pkgconfig',
  'usr/local/share/pkgconfig',
]);

const fileBytesMax = 256 * 1024;

/**
 * Modules of pkg-config that the package has and those they require; links to others are left out. A file that melange
 * cannot parse, such as one that requires `gtk+-3.0`, gives nothing there.
 */
export async function pkgConfig(
  tree: PackageTree,
  version: string,
  dialect: Dialect,
): Promise<Finding> {
  const runtime: string[] = [];
  const provides: string[] = [];
  const vendored: string[] = [];
  const warnings: string[] = [];
  for (const { path } of tree.entries) {
    const file = path.endsWith('.pc') ? fileAt(tree, path) : undefined;
    if (file === undefined) continue;
    const text = Buffer.from(await file.range(0, fileBytesMax)).toString('utf8');
    const required = dialect === 'melange' ? strictlyRequired(text) : requiredModules(text);
    const module = `pc:${baseNameOf(path).slice(0, -'.pc'.length)}=${version}`;
    if (required === undefined)
      warnings.push(`${tree.packageName}: ${path}: not a module of pkg-config`);
    else if (!searched.has(directoryOf(path))) vendored.push(module);
    else {
      provides.push(module);
      runtime.push(...required.map((name) => `pc:${name}`));
    }
  }
  return { runtime, provides, vendored, warnings };
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

/** White space in a line. */
const blank = `${blankClass}*`;

const grammar = {
  nothing: new RegExp(`(?:${blank}\\n|${blank}#[^#\\n]*)`, 'y'),
  variable: new RegExp(`${blank}[A-Za-z0-9_.]+${blank}=[^\\n]*`, 'y'),
  list: new RegExp(
    `${blank}(Requires\\.private|Requires\\.internal|Requires|Provides)${blank}:`,
    'y',
  ),
  item: new RegExp(
    `${blank}([A-Za-z0-9_.-]+)(?:${blank}(?:<=|>=|<|>|=)${blank}[A-Za-z0-9.-]+)?(?:${blank},)?`,
    'y',
  ),
  property: new RegExp(`${blank}[A-Za-z0-9_.]+${blank}:[^\\n]*`, 'y'),
  end: new RegExp(`${blank}$`, 'y'),
} as const;

/**
 * The same names by melange's grammar: names and versions of few characters, no variables in lists, of each kind of list
 * the last. Undefined when any of the text does not fit.
 */
export function strictlyRequired(text: string): readonly string[] | undefined {
  const lists = new Map<string, readonly string[]>();
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match;
  };
  while (take(grammar.end) === undefined) {
    if ((take(grammar.nothing) ?? take(grammar.variable)) !== undefined) continue;
    const list = take(grammar.list)?.[1];
    if (list === undefined) {
      if (take(grammar.property) === undefined) return undefined;
      continue;
    }
    const names: string[] = [];
    for (let item = take(grammar.item); item !== undefined; item = take(grammar.item))
      names.push(item[1] ?? '');
    lists.set(list, names);
  }
  const kinds = ['Requires', 'Requires.private', 'Requires.internal'];
  return kinds.flatMap((kind) => lists.get(kind) ?? []);
}
