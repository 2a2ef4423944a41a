import { KilnError } from '@kiln/base';
import type { PackageDotInput } from './package-dot.ts';

/**
 * The packages of a configuration as apko draws them: file, world entries, packages with what they depend on, and what they provide
 * that was asked for, each in the order in which it is met. A function of its input. Throws `IMAGE_CONFIG_INVALID` for a name of no letters.
 */
export function apkoDot({
  file,
  world,
  packages,
  asTree,
}: Omit<PackageDotInput, 'failure'>): string {
  const script = new Script();
  const asked = new Set<string>();
  const reached = new Set<string>();
  script.node(file);
  for (const entry of world) {
    const name = nameIn(entry);
    script.node(entry);
    script.edge(file, entry);
    if (name !== undefined) {
      script.node(name);
      script.edge(entry, name);
    }
    asked.add(name ?? entry);
  }
  for (const { name, version, description, depends } of packages) {
    script.node(name, { label: `${name}-${version}`, tooltip: description });
    for (const text of depends) {
      const wanted = nameIn(text) ?? text;
      script.node(wanted);
      if (wanted !== name && !(asTree && reached.has(wanted))) {
        script.edge(name, wanted);
        reached.add(wanted);
      }
      asked.add(wanted);
    }
  }
  for (const { name, provides } of packages) {
    for (const text of provides) {
      const provided = nameIn(text);
      if (asked.has(text)) {
        script.node(text);
        if (!(asTree && reached.has(name))) script.edge(text, name);
        reached.add(name);
      } else if (provided !== undefined && asked.has(provided)) {
        script.node(provided, { shape: 'rect' });
        script.edge(provided, name);
      }
    }
  }
  return script.print();
}

/** What stands before the first `=`, or else before the first `~`; undefined without either. */
function nameIn(text: string): string | undefined {
  const sign = ['=', '~'].find((one) => text.includes(one));
  return sign === undefined ? undefined : text.slice(0, text.indexOf(sign));
}

type Attributes = Readonly<Record<string, string>>;

/** Nodes and edges in the order in which they were first named. */
class Script {
  readonly #statements: (() => string)[] = [];
  readonly #nodes = new Map<string, Attributes>();

  node(name: string, attributes: Attributes = {}): void {
    if (name === '')
      throw new KilnError('IMAGE_CONFIG_INVALID', 'a name of no letters cannot be drawn');
    if (!this.#nodes.has(name)) this.#statements.push(() => this.#nodeText(name));
    this.#nodes.set(name, { ...this.#nodes.get(name), ...attributes });
  }

  edge(from: string, to: string): void {
    this.#statements.push(() => `${quoted(from)} -> ${quoted(to)}`);
  }

  print(): string {
    const body = this.#statements.map((statement) => `${statement()}\n`).join('');
    return `digraph images {\ngraph [\n  rankdir=LR;\n];\n${body}}\n\n`;
  }

  #nodeText(name: string): string {
    const attributes = Object.entries(this.#nodes.get(name) ?? {})
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${quoted(value)}`);
    return `${quoted(name)}${attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`};`;
  }
}

const words = new Set(['graph', 'digraph', 'subgraph', 'node', 'edge', 'strict']);

/** In quotes, unless it is a word or in quotes already; a backslash stays as it is. */
function quoted(text: string): string {
  if (words.has(text) || /^".+"$/.test(text)) return text;
  if (/^[_a-zA-Z](?:[a-zA-Z0-9_,]*|[a-zA-Z0-9_,:"]*[a-zA-Z0-9_,"]+)$/.test(text)) return text;
  return `"${text.replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`;
}
