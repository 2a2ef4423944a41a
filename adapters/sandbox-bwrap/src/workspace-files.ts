import { readdir } from 'node:fs/promises';
import { KilnError, shorten } from '@kiln/base';
import type { TreeLimits } from './workspace-tree.ts';

/** See `Workspace.list`. */
export async function listFiles(
  root: string,
  depthMax: number,
  limits: TreeLimits,
): Promise<readonly string[]> {
  const files: string[] = [];
  let entries = 0;
  const walk = async (folder: string, depth: number): Promise<void> => {
    const found = await readdir(`${root}/${folder}`, { encoding: 'buffer', withFileTypes: true });
    for (const entry of found.sort((a, b) => Buffer.compare(a.name, b.name))) {
      entries += 1;
      if (entries > limits.entries || Buffer.byteLength(folder) > limits.pathBytes)
        throw new KilnError('WORKSPACE_TREE_TOO_LARGE', `too much at "${shorten(folder)}"`);
      const name = entry.name.toString('utf8');
      if (!Buffer.from(name).equals(entry.name)) continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      if (entry.isFile()) files.push(path);
      else if (entry.isDirectory() && path !== 'melange-out' && depth < depthMax)
        await walk(path, depth + 1);
    }
  };
  await walk('', 1);
  return files;
}
