/**
 * Scripts that the program prints as they are, but for blank lines and comments: simple commands with one space between
 * words, a line each, joined by `|`, `&&` or `||`, with redirections at their end and quoted here-documents. They are
 * every second script of a large catalog, and asking the program takes a hundred times as long.
 */

/** Inside double quotes: no command is substituted, and braces hold a name only. */
const doubleQuoted = String.raw`"(?:[^"\\$${'`'}]|\\.|\$[A-Za-z_]|\$\{[A-Za-z_][A-Za-z0-9_]*\})*"`;
const singleQuoted = String.raw`'[^']*'`;
const variable = String.raw`\$(?:[A-Za-z_]|\{[A-Za-z_][A-Za-z0-9_]*\})`;
const literal = String.raw`[A-Za-z0-9_./:=@%+,^~*?-]|\\.`;
const word = `(?:${literal}|${variable}|${singleQuoted}|${doubleQuoted})+`;
/** The program treats what these begin differently, or prints it over several lines. */
const keywords =
  'if|then|else|elif|fi|for|while|until|do|done|case|esac|in|function|select|time|coproc|let|declare|local|export|readonly|typeset|nameref';
const redirection = `[12]?>>?${word}|<${word}|[12]?>&[12]`;
const command = String.raw`(?!(?:${keywords})(?: |$))(?:\[|${word})(?: (?:\]|${word}))*(?: (?:${redirection}))*`;
const line = new RegExp(
  String.raw`^${command}(?: (?:\||&&|\|\|) ${command})*(?: <<'(?<end>[A-Z]+)')?$`,
);
const blank = /^[ \t]*(?:#.*)?$/;

/** What the program prints for a plain script; undefined where only the program can tell. */
export function printPlain(script: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- tabs and lines are part of scripts
  if (!/^[\t\n -~]*$/.test(script)) return undefined;
  const [interpreter = ''] = /^#![^\n]*\n/.exec(script) ?? [];
  const lines = script.slice(interpreter.length).split('\n');
  const printed: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const text = lines[at] ?? '';
    if (blank.test(text)) continue;
    const match = line.exec(text);
    if (match === null) return undefined;
    const end = match.groups?.['end'];
    const last = end === undefined ? at : lines.indexOf(end, at + 1);
    if (last < at) return undefined;
    while (at < last) printed.push(lines[at++] ?? '');
    printed.push(lines[at] ?? '');
  }
  return printed.length === 0 ? undefined : `${interpreter}${printed.join('\n')}\n`;
}
