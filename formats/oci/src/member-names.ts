/*
 * Readers of JSON differ in what they make of names: which of two equal ones counts, and whether "Layers" is "layers", as it is for
 * Go's `encoding/json` (https://pkg.go.dev/encoding/json#Unmarshal). A document with a digest has to be one thing to all of them.
 */

/** A member name that stands twice in one object of a document, which has to be JSON. */
export function repeatedName(json: string): string | undefined {
  /** The names of each open object; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  const bracketOrText = /["{}[\]]/g;
  for (let match = bracketOrText.exec(json); match !== null; match = bracketOrText.exec(json)) {
    switch (match[0]) {
      case '{':
        open.push(new Set());
        break;
      case '[':
        open.push(undefined);
        break;
      case '"': {
        const end = endOfText(json, match.index);
        bracketOrText.lastIndex = end;
        const names = isName(json, end) ? open.at(-1) : undefined;
        if (names === undefined) break;
        const text = json.slice(match.index + 1, end - 1);
        const name = text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
        if (names.has(name)) return name;
        names.add(name);
        break;
      }
      default:
        open.pop();
    }
  }
  return undefined;
}

/** Past the quote that ends a text. */
function endOfText(json: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    at = json.indexOf('"', at);
    let escapes = 0;
    while (json[at - 1 - escapes] === '\\') escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
}

/** Whether what ends here is the name of a member. */
function isName(json: string, end: number): boolean {
  let at = end;
  while (' \t\r\n'.includes(json.charAt(at)) && at < json.length) at += 1;
  return json[at] === ':';
}

/** Equal for names that are one to readers that do not look at case: in Unicode's sense, so that "ſ" is "s". */
export function foldedName(name: string): string {
  return name.toUpperCase().toLowerCase();
}
