import { spawn } from 'node:child_process';
import { KilnError, shorten } from '@kiln/base';
import { hostEnvironment } from './host-environment.ts';

/** Extended attributes by the path below the root. */
export type ExtendedAttributes = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;

/** Names that hosts put on files by themselves (packages.md 7.6). */
function isInjected(name: string): boolean {
  return (
    [
      'com.apple.provenance',
      'com.docker.grpcfuse.ownership',
      'security.csm',
      'security.selinux',
    ].includes(name) || name.startsWith('trusted.SGI_ACL_')
  );
}

/**
 * The extended attributes of everything below a directory; Node cannot read them, the host's tar can. Links are not
 * followed. Throws `WORKSPACE_ATTRIBUTES_UNREADABLE`.
 */
export async function readExtendedAttributes(root: string): Promise<ExtendedAttributes> {
  const argv = ['--create', '--format=posix', '--xattrs', '--xattrs-include=*', '-C', root, '.'];
  const child = spawn('tar', argv, { stdio: ['ignore', 'pipe', 'pipe'], env: hostEnvironment });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  let complaint = '';
  const scanner = new AttributeScanner();
  try {
    // What could not be started may have no streams.
    if (child.pid === undefined) await closed;
    child.stderr.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk}`.slice(-2000)));
    for await (const chunk of child.stdout) scanner.push(chunk as Buffer);
    // Exit code 1 is a file that changed or a socket that was left out.
    if (((await closed) ?? 2) > 1) throw new Error(complaint.trim());
  } catch (error) {
    child.kill('SIGKILL');
    throw new KilnError(
      'WORKSPACE_ATTRIBUTES_UNREADABLE',
      `the extended attributes of a tree cannot be read: ${shorten(String(error), 200)}`,
      { hint: 'install GNU tar' },
    );
  }
  return scanner.found;
}

const blockBytes = 512;
const recordBytesMax = 1024 * 1024;

/** Goes over an archive and keeps nothing but the records of extended headers. */
class AttributeScanner {
  readonly found = new Map<string, Map<string, Uint8Array>>();
  #pending: Buffer = Buffer.alloc(0);
  /** Bytes of content still to be passed over. */
  #skip = 0;
  #records = new Map<string, Buffer>();

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      if (this.#skip > 0) {
        const taken = Math.min(this.#skip, this.#pending.length);
        this.#pending = this.#pending.subarray(taken);
        this.#skip -= taken;
      }
      if (this.#skip > 0 || this.#pending.length < blockBytes) return;
      if (!this.#member()) return;
    }
  }

  /** Takes one header, and its content if it is an extended one; false: more bytes are needed. */
  #member(): boolean {
    const header = this.#pending.subarray(0, blockBytes);
    const size = Number.parseInt(header.toString('latin1', 124, 136).replace(/\0.*/, ''), 8) || 0;
    const padded = Math.ceil(size / blockBytes) * blockBytes;
    if (header[156] === 0x78) {
      if (size > recordBytesMax) throw new Error('an extended header is too long');
      if (this.#pending.length < blockBytes + padded) return false;
      this.#records = recordsOf(this.#pending.subarray(blockBytes, blockBytes + size));
      this.#pending = this.#pending.subarray(blockBytes + padded);
      return true;
    }
    this.#keep(header);
    this.#records = new Map();
    this.#pending = this.#pending.subarray(blockBytes);
    this.#skip = padded;
    return true;
  }

  #keep(header: Buffer): void {
    const attributes = new Map<string, Uint8Array>();
    for (const [key, value] of this.#records) {
      const name = key.startsWith(attributePrefix) ? key.slice(attributePrefix.length) : undefined;
      if (name !== undefined && !isInjected(name)) attributes.set(name, Uint8Array.from(value));
    }
    const prefix = text(header, 345, 155);
    const short = prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`;
    const path = pathOf(this.#records.get('path')?.toString('utf8') ?? short);
    if (attributes.size > 0) this.found.set(path, attributes);
    if (header[156] !== hardLink) return;
    // Only the first name of a file comes with its attributes.
    const first = this.#records.get('linkpath')?.toString('utf8') ?? text(header, 157, 100);
    const shared = this.found.get(pathOf(first));
    if (shared !== undefined) this.found.set(path, shared);
  }
}

const hardLink = 0x31;

function pathOf(name: string): string {
  return name.replace(/^\.\//, '').replace(/\/$/, '');
}

const attributePrefix = 'SCHILY.xattr.';

function text(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('utf8');
}

/** `<length> <key>=<value>\n`, one after the other. */
function recordsOf(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    const equals = bytes.indexOf(0x3d, space);
    if (space < 0 || equals < 0 || !(length > 0)) throw new Error('a malformed extended header');
    records.set(
      bytes.toString('utf8', space + 1, equals),
      bytes.subarray(equals + 1, at + length - 1),
    );
    at += length;
  }
  return records;
}
