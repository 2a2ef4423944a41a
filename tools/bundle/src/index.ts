export { bundle } from './bundle.ts';
export { replaceBundle } from './place.ts';
