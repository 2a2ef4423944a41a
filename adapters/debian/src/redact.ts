import { shorten } from '@kiln/base';

/** What apt said, without the places it spoke to: addresses, quoted names and numbers of hosts are blanked. */
export function redactApt(text: string): string {
  const said = text
    .split('\n')
    .filter((line) => /^[EW]:/.test(line))
    .map((line) =>
      line
        .replace(/[a-z][a-z+]*:\/{1,2}\S+/gi, '(address)')
        .replace(/'[^']*'/g, '(name)')
        .replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, '(address)')
        .replace(/\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?\b/gi, '(name)'),
    );
  return shorten(said.slice(0, 3).join(' ') || 'it gave no reason', 400);
}
