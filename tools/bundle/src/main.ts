import path from 'node:path';
import { bundle } from './bundle.ts';
import { replaceBundle } from './place.ts';

const root = path.resolve(import.meta.dirname, '../../..');

await replaceBundle(root, (folder) => bundle(root, folder));
