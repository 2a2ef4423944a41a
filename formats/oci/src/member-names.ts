/*
 * Readers of JSON differ in what they make of names: which of two equal ones counts, and whether "Layers" is "layers", as it is for
 * Go's `encoding/json` (https://pkg.go.dev/encoding/json#Unmarshal). A document with a digest has to be one thing to all of them.
 */

/** A member name that stands twice in one object of a document, which has to be JSON. */
export function repeatedName(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charAt(at)) {
      case '{':
        open.push(new Set());
        break;
      case '[':
        open.push(undefined);
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case '"': {
        const end = endOfText(json, at);
        const names = isName(json, end) ? open.at(-1) : undefined;
        if (names !== undefined) {
          const name = JSON.parse(json.slice(at, end)) as string;
          if (names.has(name)) return name;
          names.add(name);
        }
        at = end - 1;
      }
    }
  }
  return undefined;
}

/** Past the quote that ends a text. */
function endOfText(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    if (json[at] === '"') return at + 1;
    if (json[at] === '\\') at += 1;
  }
  return json.length;
}

/** Whether what ends here is the name of a member. */
function isName(json: string, end: number): boolean {
  let at = end;
  while (/[ \t\r\n]/.test(json.charAt(at))) at += 1;
  return json[at] === ':';
}

/** Equal for names that are one to readers that do not look at case: in Unicode's sense, so that "ſ" is "s". */
export function foldedName(name: string): string {
  return name.toUpperCase().toLowerCase();
}
