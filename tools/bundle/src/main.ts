import path from 'node:path';
import { bundle } from './bundle.ts';
import { replaceBundle } from './place.ts';

const root = path.resolve(import.meta.dirname, '../../..');

await replaceBundle(path.join(root, '.tools'), (folder) => bundle(root, folder));
