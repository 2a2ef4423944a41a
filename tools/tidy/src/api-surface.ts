import { readText, workspaces } from './repository.ts';

/** The names that the text of an entry point exports; types are marked. */
export function exportsIn(text: string): readonly string[] {
  const names: string[] = [];
  for (const [, type, list = ''] of text.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const item of list.split(',')) {
      const name =
        item
          .trim()
          .split(/\s+as\s+/)
          .at(-1) ?? '';
      if (name !== '') names.push(type === undefined ? name : `type ${name}`);
    }
  }
  const declaration =
    /^export (?:declare )?(?:abstract )?(?:async )?(const|function\*?|class|interface|type) (\w+)/gm;
  for (const [, kind = '', name = ''] of text.matchAll(declaration)) {
    names.push(kind === 'interface' || kind === 'type' ? `type ${name}` : name);
  }
  return names.sort((a, b) => (a < b ? -1 : 1));
}

/** `docs/api-surface.txt`: every name that a package exports, by entry point. */
export function apiSurface(): string {
  const lines = workspaces().flatMap((workspace) =>
    Object.entries(workspace.exports)
      .filter(([, file]) => file.endsWith('.ts'))
      .flatMap(([entry, file]) => {
        const specifier = `${workspace.name}${entry.slice(1)}`;
        const names = exportsIn(readText(`${workspace.folder}/${file.slice(2)}`));
        return ['', specifier, ...names.map((name) => `  ${name}`)];
      }),
  );
  return `${lines.slice(1).join('\n')}\n`;
}
