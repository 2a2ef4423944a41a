import { parseStanzas } from './stanza.ts';

/** An archive as the host's apt is told of it: one suite of one place. */
export interface ArchiveSource {
  readonly types: readonly ('deb' | 'deb-src')[];
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Key file or armoured block as written; undefined when apt's own keyring serves. */
  readonly signedBy: string | undefined;
}

/** The enabled stanzas of a `.sources` file. Throws `DEB822_INVALID`. */
export function parseSourcesFile(text: string): ArchiveSource[] {
  return parseStanzas(text)
    .filter((stanza) => !/^(no|false|0|off)$/i.test(stanza.get('enabled') ?? 'yes'))
    .map((stanza) => {
      const words = (name: string): string[] =>
        (stanza.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
      return {
        types: words('types').filter((word) => word === 'deb' || word === 'deb-src'),
        uris: words('uris'),
        suites: words('suites'),
        components: words('components'),
        signedBy: stanza.get('signed-by'),
      };
    });
}

/** The lines of a `sources.list`; lines of another form are passed over, as are comments. */
export function parseSourcesList(text: string): ArchiveSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    const [, type, options = '', uri, suite, components = ''] = match ?? [];
    if (uri === undefined || suite === undefined) return [];
    return [
      {
        types: [type === 'deb' ? ('deb' as const) : ('deb-src' as const)],
        uris: [uri],
        suites: [suite],
        components: components.split(/\s+/).filter((word) => word !== ''),
        signedBy: /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1],
      },
    ];
  });
}
