import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TarEntry } from './entry.ts';
import { directoryEntry, fileEntry, hardlinkEntry, symlinkEntry } from './make.ts';
import { readTar } from './read.ts';
import { tarBytes } from './write.ts';

const long = `deep/${'directory-of-some-length/'.repeat(9)}`;
const names = ['plain', 'dir/with space', 'naïve-日本', `${long}file`, `n/${'x'.repeat(150)}`];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-tar-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the archive holds, as Python's tarfile sees it; undefined without Python. */
function pythonListing(archive: Uint8Array): unknown {
  const script = `import tarfile,sys,io,json
t = tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read()), mode='r:')
print(json.dumps([[m.name, m.type.decode(), m.mode, m.uid, m.gid, m.uname, m.size, m.mtime, m.linkname] for m in t]))`;
  const result = spawnSync('python3', ['-c', script], {
    input: archive,
    env: { ...process.env, PYTHONUTF8: '1' },
  });
  if (result.error !== undefined) return undefined;
  expect(result.stderr.toString()).toBe('');
  return JSON.parse(result.stdout.toString());
}

function archive(): { bytes: Uint8Array; listed: TarEntry[] } {
  const content = Buffer.from('content\n');
  const members = [
    { entry: directoryEntry('dir', { mode: 0o1777 }), content: Buffer.alloc(0) },
    ...names.map((name) => ({
      entry: fileEntry(name, content.length, { uid: 3_000_000, mtimeSeconds: 1_700_000_000 }),
      content,
    })),
    { entry: symlinkEntry('link', `../${'t'.repeat(120)}`), content: Buffer.alloc(0) },
    { entry: hardlinkEntry('hard', 'plain'), content: Buffer.alloc(0) },
  ];
  return { bytes: tarBytes(members), listed: members.map((member) => member.entry) };
}

it('writes what GNU tar lists without a warning', () => {
  const { bytes, listed } = archive();
  const result = spawnSync('tar', ['-tf', '-', '--quoting-style=literal'], { input: bytes });
  expect(result.stderr.toString()).toBe('');
  expect(result.stdout.toString().trimEnd().split('\n')).toEqual(listed.map((entry) => entry.path));
});

it('writes what Python reads field for field', ({ skip }) => {
  const { bytes, listed } = archive();
  const found = pythonListing(bytes);
  if (found === undefined) skip('no python3 here');
  const flags = { file: '0', hardlink: '1', symlink: '2', directory: '5' };
  expect(found).toEqual(
    listed.map((e) => [
      e.path,
      flags[e.type as keyof typeof flags],
      e.mode,
      e.uid,
      e.gid,
      e.userName,
      e.sizeBytes,
      e.mtimeSeconds,
      e.linkTarget,
    ]),
  );
});

it.each(['gnu', 'oldgnu', 'posix', 'ustar'])('reads what GNU tar writes as %s', async (format) => {
  const tree = join(folder, format);
  const fitting = format === 'ustar' ? names.slice(0, 3) : names;
  for (const name of fitting) {
    mkdirSync(dirname(join(tree, name)), { recursive: true });
    writeFileSync(join(tree, name), name);
  }
  symlinkSync('plain', join(tree, 'link'));
  const result = spawnSync('tar', ['-C', tree, `--format=${format}`, '-cf', '-', '.'], {
    maxBuffer: 2 ** 26,
  });
  expect(result.stderr.toString()).toBe('');
  const found = new Map<string, string>();
  for await (const { entry, content } of readTar(result.stdout, {
    links: 'inside',
    duplicates: 'refuse',
  })) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content instanceof Uint8Array ? [content] : content)
      chunks.push(chunk);
    if (entry.type === 'file') found.set(entry.path, Buffer.concat(chunks).toString());
  }
  expect([...found.keys()].sort()).toEqual(fitting.toSorted());
  for (const [path, content] of found) expect(content).toBe(path);
});
