import { collect, concatBytes } from '@kiln/base';
import { assemblyError } from './failure.ts';
import type { AssemblyDialect } from './failure.ts';
import type { FileTree } from './file-tree.ts';
import { shipperOf } from './node.ts';
import type { FileNode, TreeNode } from './node.ts';

/** Largest file that is read into memory: account files, certificate bundles, link lists. */
export const textBytesMax: number = 16 * 1024 * 1024;

/** The content of a file as a stream. */
export function contentOf(file: FileNode): AsyncIterable<Uint8Array> | Uint8Array {
  const shipper = shipperOf(file);
  if (shipper !== undefined) return shipper.read(file.index);
  const parts = file.bytes ?? [];
  const [part, ...more] = parts;
  return part !== undefined && more.length === 0 ? part : concatBytes(parts);
}

/** The content of a small file. Throws `ASSEMBLE_FILE_TOO_LARGE`. */
export async function readFile(
  node: FileNode,
  path: string,
  limitBytes: number = textBytesMax,
): Promise<Uint8Array> {
  const content = contentOf(node);
  if (content instanceof Uint8Array) return content;
  return collect(content, limitBytes, () =>
    assemblyError(
      'ASSEMBLE_FILE_TOO_LARGE',
      path,
      `larger than ${limitBytes} bytes, and has to be read here`,
    ),
  );
}

/** In dialect `apko` a directory where a file is looked for is an error. Throws `ASSEMBLE_PATH_INVALID`. */
export function refuseDirectory(
  node: TreeNode | undefined,
  path: string,
  dialect: AssemblyDialect,
): void {
  if (dialect === 'apko' && node?.type === 'directory')
    throw assemblyError('ASSEMBLE_PATH_INVALID', path, 'is a directory');
}

/** A byte order mark is a character like others. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The text of a file at a path; undefined when there is no file. */
export async function readText(tree: FileTree, path: string): Promise<string | undefined> {
  const node = tree.at(path);
  return node?.type === 'file' ? utf8.decode(await readFile(node, path)) : undefined;
}
